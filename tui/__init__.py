"""The terminal UI; until it stands, `gleanery` alone prints its help."""
