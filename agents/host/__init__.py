"""WHERE agents run: processes that have CrewAI in them and nothing else, reach nothing by themselves, and may die."""
