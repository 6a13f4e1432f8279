from hypothesis import settings

settings.register_profile("exports", max_examples=150, deadline=None, database=None)
settings.load_profile("exports")
