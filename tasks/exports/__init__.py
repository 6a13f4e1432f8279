"""Results as files: JSONL for everything, CSL-JSON, BibTeX and RIS for references, CSV for spreadsheets.

`formats` names the formats and chooses one; each has its own module, imported only when it is chosen.
`whole.whole_file` is where an export is written: whole, or not at all.
"""
