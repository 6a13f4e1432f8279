"""WHEN records are performed: at once, in this process, their results in order."""
