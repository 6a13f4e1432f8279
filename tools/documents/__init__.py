"""Retrieval over a folder of the user's own files: passages with their source, page and span."""
