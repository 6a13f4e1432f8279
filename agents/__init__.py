"""WHO performs one record: the reference specialist, a chat model, an agent with tools, or several in order."""
