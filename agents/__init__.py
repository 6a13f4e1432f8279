"""WHO performs one record: so far the reference specialist."""
