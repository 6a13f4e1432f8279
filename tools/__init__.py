"""WITH what a tool-calling agent may work; empty until there are such agents."""
