"""References made up from metadata, styles and languages, with exact labels."""
