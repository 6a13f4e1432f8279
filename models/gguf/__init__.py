"""GGUF files, run by llama.cpp in a process of its own: no server to install, and a crash is not ours."""
