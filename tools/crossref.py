"""`crossref_lookup`: what Crossref has registered about a work. A record leaves this machine by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote, urlencode, urlsplit

import orjson
from pydantic import Field

from gleanery.errors import UsageError
from gleanery.tools.network import Answer, Network
from gleanery.tools.tool import tool

_FIELDS = (
    "DOI,title,author,editor,issued,container-title,publisher,volume,issue,page,article-number,ISBN,ISSN,type,score"
)
_SCALARS = ("DOI", "publisher", "volume", "issue", "page", "score")
_LISTS = ("title", "container-title", "ISBN", "ISSN")
# Crossref's words for kinds of works, in those of CSL.
_TYPES = {
    "journal-article": "article-journal",
    "proceedings-article": "paper-conference",
    "book-chapter": "chapter",
    "book-section": "chapter",
    "reference-entry": "entry-encyclopedia",
    "dissertation": "thesis",
    "monograph": "book",
    "edited-book": "book",
    "reference-book": "book",
    "book": "book",
    "report": "report",
    "dataset": "dataset",
    "posted-content": "article",
}


@tool(network=True, known_as=("Crossref",))
def crossref_lookup(
    network: Network,
    reference: Annotated[str, Field(description="as printed, or its author, title and year", max_length=1_000)] = "",
    doi: Annotated[str, Field(description="such as 10.1000/182", max_length=500)] = "",
    most: Annotated[int, Field(description="how many works at most", ge=1, le=10)] = 3,
) -> list[dict[str, Any]]:
    """Ask Crossref for a work by its DOI, or for those nearest to a reference, best first: CSL records, with the score
    that Crossref gives them (higher is nearer; it has no unit). Nearest does not mean the same: compare title, authors
    and year. What is sent leaves this machine."""
    if bool(reference.strip()) == bool(doi.strip()):
        raise UsageError("Say either a reference or a DOI.")
    base = network.crossref.rstrip("/")
    if doi:
        found = _asked(network, f"{base}/works/{quote(doi.strip(), safe='')}")
        return [] if found is None else [_record(found)]
    query = urlencode({"query.bibliographic": " ".join(reference.split()), "rows": most, "select": _FIELDS})
    found = _asked(network, f"{base}/works?{query}") or {}
    items = found.get("items")
    return [_record(item) for item in (items if isinstance(items, list) else [])[:most] if isinstance(item, Mapping)]


def _asked(network: Network, url: str) -> Mapping[str, Any] | None:
    """The message that Crossref answers with; None where it knows no such work."""
    answer = network.get(url, accept="application/json", hosts={urlsplit(network.crossref).netloc})
    if answer.status == 404:
        return None
    if answer.status == 429 or answer.status >= 500:
        raise UsageError(f"Crossref takes no requests at the moment ({answer.status}). Go on without it.")
    message = _message(answer)
    if message is None:
        raise UsageError(f"Crossref answered with {answer.status} and nothing that can be read. Go on without it.")
    return message


def _message(answer: Answer) -> Mapping[str, Any] | None:
    try:
        read = orjson.loads(answer.body) if answer.status == 200 and not answer.cut else None
    except orjson.JSONDecodeError:
        return None
    message = read.get("message") if isinstance(read, dict) else None
    return message if isinstance(message, dict) else None


def _record(item: Mapping[str, Any]) -> dict[str, Any]:
    """Crossref's record as CSL has it: one title, plain dates, names by parts."""
    record: dict[str, Any] = {}
    kind = item.get("type")
    if isinstance(kind, str):
        record["type"] = _TYPES.get(kind, "document")
    for key in _LISTS:
        values = item.get(key)
        if isinstance(values, list) and values and isinstance(values[0], str):
            record[key] = " ".join(values[0].split())
    for role in ("author", "editor"):
        if people := _people(item.get(role)):
            record[role] = people
    issued = item.get("issued")
    parts = issued.get("date-parts") if isinstance(issued, Mapping) else None
    if isinstance(parts, list) and parts and isinstance(parts[0], list) and parts[0] and parts[0][0]:
        record["issued"] = {"date-parts": [parts[0]]}
    record.update({key: item[key] for key in _SCALARS if isinstance(item.get(key), str | int | float)})
    if "page" not in record and isinstance(item.get("article-number"), str):
        record["number"] = item["article-number"]
    return record


def _people(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list):
        return []
    people = []
    for person in value:
        if isinstance(person, Mapping):
            parts = {key: person[key] for key in ("family", "given") if isinstance(person.get(key), str)}
            if not parts and isinstance(person.get("name"), str):
                parts = {"literal": person["name"]}
            if parts:
                people.append(parts)
    return people
