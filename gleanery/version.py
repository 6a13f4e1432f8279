"""The version of the package, as jobs are pinned to it."""

__version__ = "0.1.0"
