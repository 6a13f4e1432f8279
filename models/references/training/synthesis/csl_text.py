"""Joining labelled pieces into a reference: punctuation that collides, quotation marks, capitals, page ranges."""

from __future__ import annotations

import re
from collections.abc import Callable

Segment = tuple[str | None, str]
Runs = list[Segment]

OPEN_QUOTE, CLOSE_QUOTE = "\ue000", "\ue001"
"""Stand-ins for quotation marks while the pieces are joined; `tidy` puts in the language's own."""

_SMALL_WORDS = frozenset(
    ("a", "an", "and", "as", "at", "but", "by", "down", "for", "from", "in", "into", "nor", "of", "on", "onto", "or",
     "over", "so", "the", "till", "to", "up", "via", "with", "yet")
)  # fmt: skip
_DOI_LINK = re.compile(r"https?://(?:dx\.)?doi\.org/$")
_COLLISIONS = (
    (re.compile(r"[ \t]{2,}"), " "),
    (re.compile(r" +([.,;:])(?=[ .,;:)]|$)"), r"\1"),
    (re.compile(r"([.,;:])(\s*\1)+"), r"\1"),
    (re.compile(r"[,;:]\s?\."), "."),
    (re.compile(r";:"), ";"),
    (re.compile(r"([.;:]),|,([;:])"), lambda found: found[0] if found[0] == ".," else (found[1] or found[2])),
    (re.compile(r"([?!])\."), r"\1"),
    (re.compile(r"\(\s+"), "("),
)


def join(parts: list[Runs], delimiter: str) -> Runs:
    """The pieces that are not empty, with the delimiter between them."""
    runs: Runs = []
    for part in parts:
        if part:
            if runs and delimiter:
                runs.append((None, delimiter))
            runs.extend(part)
    return runs


def map_text(runs: Runs, change: Callable[[str], str]) -> Runs:
    """The pieces with each text changed."""
    return [(label, change(text)) for label, text in runs]


def apply_case(runs: Runs, case: str, english: bool) -> Runs:
    """The pieces in a CSL text-case."""
    if case == "uppercase":
        return map_text(runs, str.upper)
    if case == "lowercase":
        return map_text(runs, str.lower)
    if case == "capitalize-all":
        return map_text(runs, lambda text: " ".join(_capital(word) for word in text.split(" ")))
    if case == "title" and english:
        return [(label, title_case(text, first=not index)) for index, (label, text) in enumerate(runs)]
    if case in ("capitalize-first", "sentence", "title"):
        return [(label, text if index else _capital(text)) for index, (label, text) in enumerate(runs)]
    return runs


def _capital(text: str) -> str:
    for index, char in enumerate(text):
        if char.isalnum():
            return text[:index] + char.upper() + text[index + 1 :]
    return text


def title_case(text: str, first: bool = True) -> str:
    """English headline capitals; words that already hold a capital stay as they are."""
    words = text.split(" ")
    for index, word in enumerate(words):
        edge = (first and index == 0) or words[index - 1].endswith((":", "?", "."))
        if word.islower() and (edge or word.strip(".,;:()") not in _SMALL_WORDS):
            words[index] = _capital(word)
    return " ".join(words)


def page_range(text: str, style: str, dash: str) -> str:
    """A page range with the dash of the language and its second number in the style's form."""
    if style in ("", "none"):
        return re.sub(r"(?<=\w)\s*(?:-{1,3}|[\u2010-\u2014])\s*(?=\w)", dash, text)
    return re.sub(
        r"(?<![\w.])(\d+)\s*(?:-{1,3}|[\u2010-\u2014])\s*(\d+)(?![\w.])",
        lambda found: found[1] + dash + _second_page(found[1], found[2], style),
        text,
    )


def _second_page(first: str, second: str, style: str) -> str:
    if len(second) < len(first):
        second = first[: len(first) - len(second)] + second
    if style == "expanded" or len(first) != len(second):
        return second
    keep = 1 if style == "minimal" else 2
    if style.startswith("chicago") and (len(first) < 3 or first.endswith("00")):
        return second
    if style.startswith("chicago") and first[-2] == "0":
        keep = 1
    same = 0
    while same < len(first) - keep and first[same] == second[same]:
        same += 1
    return second[same:]


def tidy(runs: Runs, quotes: tuple[str, str, str, str], inside: bool) -> Runs:
    """The finished reference: no doubled punctuation, real quotation marks, blanks outside the labels.

    `inside`: full stops and commas go before the closing quotation mark (US English).
    """
    merged = _merge(runs)
    out: Runs = []
    for index, (label, text) in enumerate(merged):
        if label is None:
            before = merged[index - 1][1] if index else ""
            text = _tidy_between(text, before, inside)
            if not text and index:
                text = " "  # all that stood between two values was a doubled full stop
            if not index:
                text = text.lstrip(" .,;:")
            if index == len(merged) - 1:
                text = text.rstrip(" ,;:")
        if text:
            out.append((label, text))
    return _set_quotes(_link_dois(_whole_dates(out)), quotes)


def _merge(runs: Runs) -> Runs:
    """Blanks moved out of labelled pieces, neighbours without a label made one."""
    merged: Runs = []
    for label, text in runs:
        core = text.strip() if label is not None else text
        pieces: Runs = [(label, text)]
        if core != text:
            lead = text[: len(text) - len(text.lstrip())]
            pieces = [(None, lead), (label, core), (None, text[len(lead) + len(core) :])]
        for piece_label, piece in pieces:
            if not piece:
                continue
            if merged and piece_label == merged[-1][0] and piece_label in (None, "date", "page"):
                merged[-1] = (piece_label, merged[-1][1] + piece)
            else:
                if merged and piece_label is not None and merged[-1][0] is not None:
                    merged.append((None, " "))  # a style that forgets the blank between two values
                merged.append((piece_label, piece))
    return merged


def _tidy_between(text: str, before: str, inside: bool) -> str:
    for pattern, replacement in _COLLISIONS:
        text = pattern.sub(replacement, text)
    last = before[-1:]
    mark = CLOSE_QUOTE if text.startswith(CLOSE_QUOTE) else ""
    rest = text[len(mark) :]
    doubled = "." if last in (".", "?", "!") else last
    if doubled in (".", ",", ";", ":") and rest.startswith(doubled):
        rest = rest[1:]
    text = mark + rest
    if inside:
        text = re.sub(f"{CLOSE_QUOTE}([.,])", rf"\1{CLOSE_QUOTE}", text)
    return text


def _whole_dates(runs: Runs) -> Runs:
    """A month and a year that a style prints one after the other are one date."""
    out: Runs = []
    for label, text in runs:
        if label == "date" and len(out) > 1 and out[-2][0] == "date" and out[-1][0] is None:
            between = out[-1][1]
            if between in (" ", ", ", "/", "-"):
                out[-2:] = [("date", out[-2][1] + between + text)]
                continue
        out.append((label, text))
    return out


def _link_dois(runs: Runs) -> Runs:
    """A DOI that is printed as a link is one URL."""
    out: Runs = []
    for label, text in runs:
        found = _DOI_LINK.search(out[-1][1]) if label == "doi" and out and out[-1][0] is None else None
        if found:
            rest = out.pop()[1][: found.start()]
            if rest:
                out.append((None, rest))
            out.append(("url", found[0] + text))
        else:
            out.append((label, text))
    return out


def _set_quotes(runs: Runs, quotes: tuple[str, str, str, str]) -> Runs:
    depth = 0
    out: Runs = []
    for label, text in runs:
        if OPEN_QUOTE in text or CLOSE_QUOTE in text:
            chars = []
            for char in text:
                if char == OPEN_QUOTE:
                    char = quotes[2 if depth else 0]
                    depth += 1
                elif char == CLOSE_QUOTE:
                    depth -= 1
                    char = quotes[3 if depth else 1]
                chars.append(char)
            text = "".join(chars)
        out.append((label, text))
    return out
