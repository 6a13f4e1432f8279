"""The embedded reference specialist: a sequence labeller for reference strings, and its training."""
