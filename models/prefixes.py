"""What embedding models want to read before a text, so that questions come to lie near their answers."""

from __future__ import annotations

import re
from typing import Literal

Role = Literal["document", "query"]

_SEARCHING = "Represent this sentence for searching relevant passages: "
_INSTRUCTED = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"

# By a part of the model's name: before a query, before a document, as their model cards say. Others want nothing.
_PREFIXES = (
    (re.compile(r"nomic-embed-text"), "search_query: ", "search_document: "),
    (re.compile(r"embedding-?gemma"), "task: search result | query: ", "title: none | text: "),
    (re.compile(r"qwen3-embedding"), _INSTRUCTED, ""),
    (re.compile(r"\be5-(?:small|base|large)(?!-instruct)"), "query: ", "passage: "),
    (re.compile(r"arctic-embed2|arctic-embed-[ml]-v2"), "query: ", ""),
    (re.compile(r"mxbai-embed|arctic-embed|bge-(?:small|base|large)-en"), _SEARCHING, ""),
)


def prefixed(text: str, model: str, role: Role) -> str:
    """The text as the model wants to read it in this role."""
    name = model.lower()
    for pattern, query, document in _PREFIXES:
        if pattern.search(name):
            return (query if role == "query" else document) + text
    return text
