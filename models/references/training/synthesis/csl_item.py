"""Making a CSL-JSON item fit to print: light cleaning, and the thinning that makes it look like a real reference."""

from __future__ import annotations

import html
import random
import re
import unicodedata
from typing import Any

from gleanery.models.references.training.synthesis.csl_style import CslError

Name = dict[str, str]
Item = dict[str, Any]

NAME_VARIABLES = frozenset(
    (
        "author", "editor", "translator", "collection-editor", "container-author", "composer", "director", "chair",
        "compiler", "contributor", "curator", "editorial-director", "editor-translator", "executive-producer",
        "guest", "host", "illustrator", "interviewer", "narrator", "organizer", "original-author", "performer",
        "producer", "recipient", "reviewed-author", "script-writer", "series-creator",
    )
)  # fmt: skip
DATE_VARIABLES = frozenset(("issued", "accessed", "original-date", "event-date", "submitted", "available-date"))

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,80}>")
_ACCENT = re.compile(r"\\([`'^\"~=.uvHcr])\s*\{?\\?([a-zA-Z])\}?")
_COMBINING = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "r": "\u030a",
}  # fmt: skip
_LETTERS = {"oe": "œ", "OE": "Œ", "ae": "æ", "AE": "Æ", "o": "ø", "O": "Ø", "ss": "ß", "aa": "å", "AA": "Å", "l": "ł",
            "L": "Ł", "i": "i"}  # fmt: skip
_LETTER = re.compile(r"\\(oe|OE|ae|AE|ss|aa|AA|[oOlLi])(?![a-zA-Z])\s?")
_COMMAND = re.compile(r"\\(?:[a-zA-Z]+\s*|(?=[&%$#_{}]))")
_SUBSCRIPT = re.compile(r"(?<=[A-Za-z)])_(?=\d)|\^(?=[\d+\-])")
_BIBTEX_MACRO = re.compile(r"[a-z][a-z0-9_]*[A-Z]?[\w]*$|.*\w-(?:ad|editor|booktitle|publisher)$")
_UNIT_WORD = {
    "edition": re.compile(r"[\s,]*\b(?:edition|edn|ed|auflage|aufl|édition|éd)\b\.?\s*$", re.IGNORECASE),
    "volume": re.compile(r"^(?:volume|vol|band|bd)\b\.?\s*", re.IGNORECASE),
    "issue": re.compile(r"^(?:issue|number|no|nr|heft)\b\.?\s*", re.IGNORECASE),
    "page": re.compile(r"^(?:pages?|pp?|S)\b\.?\s*"),
}
_DOI_PREFIX = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", re.IGNORECASE)
_THESES = {
    "phd": ("PhD thesis", "Ph.D. thesis", "PhD dissertation", "Ph.D. dissertation", "Doctoral dissertation",
            "Dissertation", "Thèse de doctorat", "Tesi di dottorato", "Tesis doctoral", "Diss."),
    "masters": ("Master's thesis", "MSc thesis", "M.Sc. thesis", "Master thesis", "MA thesis", "Masterarbeit",
                "Mémoire de master", "Tesi di laurea", "Diplomarbeit"),
}  # fmt: skip
_LONG_TEXT = 600
WEB_TYPES = frozenset(
    ("webpage", "post", "post-weblog", "article-newspaper", "article-magazine", "dataset", "software")
)


def clean_text(value: Any) -> str:
    """A value as plain text: no markup, no TeX, single spaces."""
    text = str(value)
    if "<" in text or "&" in text:
        text = _TAG.sub("", html.unescape(text))
    if "\\" in text:
        text = _ACCENT.sub(_accented, text)
        text = _LETTER.sub(lambda found: _LETTERS[found[1]], text)
        text = _COMMAND.sub("", text)
    if "{" in text or "}" in text or "$" in text:
        text = text.replace("{", "").replace("}", "").replace("$", "")
    if "_" in text or "^" in text:
        text = _SUBSCRIPT.sub("", text)
    return " ".join(text.split())


def _accented(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", match[2] + _COMBINING[match[1]])


def clean(item: Item, rng: random.Random) -> Item:
    """The item with printable values only; an item without a title raises `CslError`.

    A title that ends in a full stop loses it mostly, not always: bibliographic data carry it into print too.
    """
    cleaned: Item = {"type": item.get("type", "document")}
    for key, value in item.items():
        if not value or key in ("type", "id", "source"):
            continue
        if key in NAME_VARIABLES:
            names = [name for name in map(_clean_name, value) if name] if isinstance(value, list) else []
            if names:
                cleaned[key] = names
        elif key in DATE_VARIABLES:
            date = _clean_date(value)
            if date:
                cleaned[key] = date
        elif isinstance(value, (str, int, float)):
            text = clean_text(value)
            if key in _UNIT_WORD:
                text = _UNIT_WORD[key].sub("", text)
            if text and len(text) <= _LONG_TEXT:
                cleaned[key] = text
    _clean_special(cleaned, rng)
    if not cleaned.get("title"):
        raise CslError("the item has no title")
    return cleaned


def _clean_special(cleaned: Item, rng: random.Random) -> None:
    for key in ("title", "container-title", "collection-title", "title-short", "publisher", "publisher-place"):
        text = cleaned.get(key)
        if not text:
            continue
        if text.endswith(".") and key != "container-title" and not re.search(r"\b[A-Z]\.$|\.\.$|\bal\.$", text):
            text = text[:-1]
        cleaned[key] = text.strip(" ,;:" if key != "title" or rng.random() < 0.99 else " ")
    for key in ("container-title", "publisher", "publisher-place"):
        # A lone word in lower case is an abbreviation that the BibTeX file defined elsewhere, nothing to print.
        if _BIBTEX_MACRO.match(cleaned.get(key, "")):
            del cleaned[key]
    if "DOI" in cleaned:
        cleaned["DOI"] = _DOI_PREFIX.sub("", cleaned["DOI"])
        if not cleaned["DOI"].startswith("10.") or " " in cleaned["DOI"]:
            del cleaned["DOI"]
    if " " in cleaned.get("URL", ""):
        del cleaned["URL"]
    if len(cleaned.get("note", "")) > 80:
        del cleaned["note"]


def _clean_name(name: Any) -> Name | None:
    if not isinstance(name, dict):
        return None
    parts = {key: clean_text(value) for key, value in name.items() if isinstance(value, str) and value.strip()}
    literal = parts.get("literal", "")
    if literal:
        return {"literal": literal} if re.search(r"[^\W\d_]", literal) and not literal.endswith("-editor") else None
    family = parts.get("family", "")
    if not re.search(r"[^\W\d_]", family) or family.endswith("-editor") or family.lower() == "others":
        return None
    parts["family"] = family.strip(" ,;")
    if "given" in parts:
        parts["given"] = parts["given"].strip(" ,;")
    return parts


def _clean_date(value: Any) -> Item | None:
    if not isinstance(value, dict):
        return None
    dates: list[list[int]] = []
    for parts in value.get("date-parts") or ():
        numbers = [int(part) for part in parts or () if re.fullmatch(r"-?\d{1,4}", str(part))]
        if numbers and numbers[0]:
            month_ok = len(numbers) > 1 and 1 <= numbers[1] <= 12
            day_ok = month_ok and len(numbers) > 2 and 1 <= numbers[2] <= 31
            dates.append(numbers[: 1 + month_ok + day_ok])
    if dates:
        return {"date-parts": dates[:2]}
    literal = clean_text(value.get("literal") or value.get("raw") or "")
    return {"literal": literal} if literal and len(literal) < 40 else None


def vary(item: Item, rng: random.Random) -> Item:
    """A copy of the item with some fields dropped: printed references are shorter than the metadata they come from."""
    varied = dict(item)
    web = item.get("type") in WEB_TYPES
    kept = {"URL": 0.9 if web else 0.15, "DOI": 0.3, "ISSN": 0.05, "ISBN": 0.05, "note": 0.3, "language": 0.0}
    kept |= {"issue": 0.75, "publisher-place": 0.85, "number-of-pages": 0.5, "collection-title": 0.85, "editor": 0.85}
    kept |= {"abstract": 0.0, "keyword": 0.0, "chapter-number": 0.3}
    if item.get("type") in ("article-journal", "paper-conference"):
        kept["publisher"] = 0.5
    for key, share in kept.items():
        if key in varied and rng.random() >= share:
            del varied[key]
    if varied.get("container-title-short") and rng.random() < 0.3:
        varied["container-title"] = varied["container-title-short"]
    if "URL" not in varied:
        varied.pop("accessed", None)
    elif "accessed" not in varied and rng.random() < (0.6 if web else 0.2):
        varied["accessed"] = {"date-parts": [[rng.randint(2000, 2025), rng.randint(1, 12), rng.randint(1, 28)]]}
    kinds = _THESES.get(str(varied.get("genre", "")).lower().removesuffix("thesis").strip("_ "))
    if kinds:
        varied["genre"] = rng.choice(kinds)
    issued = varied.get("issued")
    if isinstance(issued, dict) and not web and rng.random() < 0.3 and issued.get("date-parts"):
        varied["issued"] = {"date-parts": [list(part or ())[:1] for part in issued["date-parts"]]}
    return varied
