"""WITH what a tool-calling agent may work: tools, by whose leave they are called, and the log of their calls."""
