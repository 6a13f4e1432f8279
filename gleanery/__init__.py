"""Gleanery runs declared tasks on local models: unstructured text in, validated, source-grounded records out."""

__version__ = "0.1.0"
