from hypothesis import settings

settings.register_profile("exports", max_examples=100, deadline=None, database=None)
settings.load_profile("exports")
