"""Small PDFs: lines of text at places of a page, written by hand."""

from __future__ import annotations

from collections.abc import Sequence

Line = tuple[float, float, str]
"""Points from the left and from the bottom of the page, and the text."""


def pdf(pages: Sequence[Sequence[Line]]) -> bytes:
    """A PDF of these pages; one without lines has only a picture, as in a scan."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        drawn = b"".join(_shown(*line) for line in lines) or b"0.5 g 100 100 400 600 re f\n"
        page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> "
        objects.append(f"{page}/Contents {5 + 2 * number} 0 R >>".encode())
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(drawn), drawn))
    return _file(objects)


def column(text: str, *, left: float = 60, top: float = 780, words: int = 8) -> list[Line]:
    """A text set in lines of so many words."""
    split = text.split()
    rows = [" ".join(split[at : at + words]) for at in range(0, len(split), words)]
    return [(left, top - 14 * row, line) for row, line in enumerate(rows)]


def _shown(x: float, y: float, text: str) -> bytes:
    escaped = text.encode("cp1252").replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")
    return b"BT /F1 11 Tf %d %d Td (%b) Tj ET\n" % (x, y, escaped)


def _file(objects: Sequence[bytes]) -> bytes:
    out = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table) + trailer
