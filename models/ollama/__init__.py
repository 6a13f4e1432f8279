"""Models that Ollama serves, over its native API."""
