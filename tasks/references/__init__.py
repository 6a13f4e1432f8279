"""From labelled spans of a reference string to a `Reference`: pure, and shared by the specialist, agents and tools."""
