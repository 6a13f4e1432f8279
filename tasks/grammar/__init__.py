"""Source-constrained decoding: a grammar by which a model can answer with nothing but words of its input."""
