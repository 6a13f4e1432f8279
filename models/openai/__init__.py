"""Chat models at OpenAI-compatible servers: vLLM, llama-server, LM Studio, a LiteLLM proxy."""
