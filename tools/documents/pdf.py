"""The text of a PDF, page by page, in the order in which it is read."""

from __future__ import annotations

import logging
from io import BytesIO

from gleanery.tools.documents.document import Document
from gleanery.tools.documents.encodings import whole

_NO_TEXT = "Its pages hold no text, only pictures: it is a scan. Run OCR over it first (ocrmypdf, for one)."
_LOCKED = "It asks for a password. Save it without one."


def read_pdf(content: bytes) -> Document:
    """What the PDF says; where that is nothing, its `issue` says why. Never raises for what is in the file."""
    from pdfminer.high_level import extract_pages
    from pdfminer.layout import LTTextContainer
    from pdfminer.pdfdocument import PDFPasswordIncorrect

    logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it tells of every oddity of every font
    parts: list[str] = []
    pages: list[int] = []
    length = 0
    issue = ""
    try:
        for page in extract_pages(BytesIO(content)):
            pages.append(length)
            text = "\n".join(box.get_text() for box in page if isinstance(box, LTTextContainer))
            parts.append(whole(text) + "\n")
            length += len(parts[-1])
    except PDFPasswordIncorrect:
        return Document("", issue=_LOCKED)
    except Exception as error:  # a torn file makes it raise anything
        what = f"It is torn, or no PDF ({type(error).__name__})"
        issue = f"{what}: of its pages, only the first {len(pages)} were read." if pages else f"{what}."
    text = "".join(parts)
    if not text.strip():
        return Document("", issue=issue or _NO_TEXT)
    return Document(text, tuple(pages), issue or _unread(text, pages))


def _unread(text: str, pages: list[int]) -> str:
    """Says which pages hold no text."""
    ends = [*pages[1:], len(text)]
    empty = [
        number for number, (start, end) in enumerate(zip(pages, ends, strict=True), 1) if not text[start:end].strip()
    ]
    if not empty:
        return ""
    more = " ..." if len(empty) > 10 else ""
    return f"{len(empty)} of its {len(pages)} pages hold no text: {', '.join(map(str, empty[:10]))}{more}."
