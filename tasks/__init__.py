"""WHAT is to be done: declarations, schemas, records, references, exports, scoring. Pure: knows no model."""
