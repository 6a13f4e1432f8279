"""Pipelines: tasks one after another, record by record, with tools, filters, splits and joins between them."""
