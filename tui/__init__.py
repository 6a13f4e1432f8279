"""The terminal UI: `gleanery` alone opens it. Nothing else imports Textual, and nothing here does heavy work."""
