"""The labels that the reference specialist gives to parts of a reference string.

They are CSL's variable names in lower case where CSL has one. Text that carries no label
(punctuation, "pp.", "In:", "edited by") is labelled `None`.
"""

LABELS: tuple[str, ...] = (
    "citation-number",
    "author",
    "editor",
    "translator",
    "title",
    "container-title",
    "collection-title",
    "date",
    "volume",
    "issue",
    "page",
    "publisher",
    "publisher-place",
    "edition",
    "genre",
    "number",
    "doi",
    "isbn",
    "issn",
    "url",
    "arxiv",
    "pmid",
    "accessed",
    "archive",
    "note",
)
"""Every label, in the order of the network's outputs (index 0 there is "no label")."""
