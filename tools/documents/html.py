"""The text of a web page: paragraph by paragraph, without its scripts and styles.

The parser of the standard library takes hours for some torn pages (in 3.11), so tags are found here: in one pass, as
forgiving as the text needs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

_HIDDEN = frozenset({"script", "style", "template", "noscript", "svg"})
_LINES = frozenset({"br", "dd", "dt", "hr", "li", "tr"})
_PARAGRAPHS = frozenset({
    "address", "article", "aside", "blockquote", "body", "div", "dl", "figcaption", "figure", "footer", "form", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "main", "nav", "ol", "p", "pre", "section", "table", "title", "ul",
})  # fmt: skip
_SPACE = re.compile(r"\s+")
_DECLARED = re.compile(rb"<meta[^<>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.I)
# A comment's beginning, a declaration, or a tag: its slash, its name, and attributes, which may hold what ends a tag.
_TAG = re.compile(r"<!--|<[!?][^<>]*>|<(/?)([a-z][^\s/<>]*)(?:[^\"'<>]++|\"[^\"]*\"|'[^']*'){0,200}+>", re.IGNORECASE)
_ENDS = {tag: re.compile(rf"</{tag}\b[^<>]*>", re.IGNORECASE) for tag in _HIDDEN}


def text_of(page: str) -> str:
    """What the page says; never raises."""
    writer = _Writer()
    for tag, said in _pieces(page):
        writer.write(unescape(said))
        writer.mark(tag)
    return "".join(writer.parts).strip()


def declared(page: bytes) -> str | None:
    """The encoding that the page says it has."""
    found = _DECLARED.search(page[:4096])
    return found[1].decode("ascii") if found else None


def _pieces(page: str) -> Iterator[tuple[str, str]]:
    """What is said before each tag, and the tag: `p`, `/p`; empty at the page's end, and for what is none."""
    at = 0
    while found := _TAG.search(page, at):
        said, at = page[at : found.start()], found.end()
        tag = (found[2] or "").lower()
        if found[0] == "<!--":
            end = page.find("-->", at)
            at = len(page) if end < 0 else end + 3
        elif tag in _HIDDEN and not found[1]:
            close = _ENDS[tag].search(page, at)
            at = close.end() if close else len(page)
        yield (found[1] or "") + tag, said
    yield "", page[at:]


class _Writer:
    """Puts the text together in `parts`."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._verbatim = False

    def write(self, said: str) -> None:
        """Add a piece of text."""
        text = said if self._verbatim else _SPACE.sub(" ", said)
        if text.startswith(" ") and (not self.parts or self.parts[-1].endswith((" ", "\n"))) and not self._verbatim:
            text = text[1:]
        if text:
            self.parts.append(text)

    def mark(self, tag: str) -> None:
        """Add what a tag means for the text."""
        name = tag.removeprefix("/")
        if name in ("td", "th"):
            self.write(" ")
        elif name in _LINES or name in _PARAGRAPHS:
            self._break(1 if name in _LINES else 2)
        if name == "pre":
            self._verbatim = tag == name

    def _break(self, lines: int) -> None:
        """End the line; with two, the paragraph."""
        gap = ""
        while self.parts and not self.parts[-1].strip(" \n"):
            gap += self.parts.pop()
        if self.parts:
            said = self.parts[-1].rstrip(" \n")
            gap += self.parts[-1][len(said) :]
            self.parts[-1:] = [said, "\n" * min(2, max(lines, gap.count("\n")))]
