"""The command line: a door. It reads what was typed, calls the desk, and prints what comes back."""
