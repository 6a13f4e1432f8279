"""How well a bibliography task does: results against gold references, field by field, and how far to trust them."""
