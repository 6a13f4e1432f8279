"""WHEN records are performed: so far at once, in this process, in order."""
