"""Results to export: four plain references, and hypothesis strategies for awkward ones."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from gleanery.tasks.exports.formats import FORMATS
from gleanery.tasks.records import Issue, Result

ARTICLE = {
    "type": "article-journal",
    "author": [
        {"family": "Berg", "given": "Jan", "non-dropping-particle": "van der", "suffix": "Jr."},
        {"family": "Müller", "given": "Änne"},
    ],
    "title": "The role of DNA & α-helices in McDonald's {model}: 50% off",
    "container-title": "Journal of Things & Stuff",
    "issued": {"date-parts": [[2017, 6, 12]]},
    "volume": "12",
    "issue": "3",
    "page": "230-265",
    "DOI": "10.1000/a_b(1)<2>",
    "ISSN": "0028-0836",
    "PMID": "28617000",
    "arXiv": "1706.03762",
    "URL": "https://example.org/a_b?c=%20d#e",
    "accessed": {"date-parts": [[2024, 1, 2]]},
    "language": "en",
}
BOOK = {
    "type": "book",
    "author": [{"literal": "World Health Organization"}],
    "translator": [{"family": "García", "given": "Ana"}],
    "title": "Weltgesundheit",
    "collection-title": "Technical Reports",
    "issued": {"date-parts": [[1850]], "circa": True},
    "edition": "2",
    "publisher": "WHO Press",
    "publisher-place": "Genève",
    "ISBN": "9783161484100",
    "note": "Signed_copy",
}
CHAPTER = {
    "type": "chapter",
    "author": [{"family": "hooks", "given": "bell"}],
    "editor": [{"family": "Élan Vital", "given": "J."}, {"family": "O'Neil", "given": "K."}],
    "title": "Vitamin D and the X-ray",
    "container-title": "Handbook of Everything",
    "issued": {"date-parts": [[2001], [2002]]},
    "page": "S1–S9",
}
THESIS = {
    "type": "thesis",
    "author": [{"family": "Żak", "given": "Łucja"}],
    "title": "Über Wälder",
    "genre": "Master's thesis",
    "publisher": "Universität Wien",
    "issued": {"literal": "in press"},
}
PLAIN = {"article": ARTICLE, "book": BOOK, "chapter": CHAPTER, "thesis": THESIS}
FAILED_ERROR = "the model gave {no} valid JSON for this@record"


def result(output: Any, id: str = "r-1", **rest: Any) -> Result:
    status = rest.pop("status", "ok")
    return Result(id, rest.pop("input", "text"), output, {}, {"record": 0.9}, status, "scripted/model", **rest)


def failed(id: str = "r-failed") -> Result:
    return result(None, id, status="failed", error=FAILED_ERROR, issues=(Issue("schema", None, "No answer"),))


def export(format: str, results: Iterable[Result], columns: tuple[str, ...] = ()) -> tuple[str, int]:
    """What a format writes, and how many results it left out."""
    stream = io.BytesIO()
    exporter = FORMATS[format].open(stream, columns)
    for each in results:
        exporter.write(each)
    exporter.close()
    assert not stream.closed
    return stream.getvalue().decode(), exporter.left_out


_SPECIALS = "{ } {{ }} % \\ \" ' @ @article{x, & $ # _ ~ ^ <b> &amp; ]]> others TY ER \\LaTeX a B DNA -- ; , and"
_SCRIPTS = "🦊 👩‍🚀 שלום مرحبا \u202eRTL 漢字 é e\u0301"
_CONTROLS = "\n\r\t\x00\x1b\x85\u2028\ud800\uffff"
_PIECES = st.sampled_from([*_SPECIALS.split(), *_SCRIPTS.split(" "), *_CONTROLS, " and ", ", ", "word ", " ", "  - "])
text = st.lists(_PIECES | st.text(max_size=4), min_size=1, max_size=6).map("".join)
_name = st.fixed_dictionaries(
    {"family": text}, optional={"given": text, "suffix": text, "non-dropping-particle": text}
) | st.fixed_dictionaries({"literal": text})
_day = st.builds(lambda y, m, d, n: [y, m, d][:n], *map(st.integers, (1, 1, 1), (2030, 12, 31)), st.integers(1, 3))
_date = st.fixed_dictionaries(
    {"date-parts": st.lists(_day, min_size=1, max_size=2)}, optional={"circa": st.booleans(), "literal": text}
) | st.fixed_dictionaries({"literal": text})
_names = st.lists(_name, min_size=1, max_size=3)
_texts = (
    "container-title collection-title volume issue page publisher publisher-place edition genre number DOI ISBN ISSN"
    " URL arXiv PMID archive language note"
)
TYPES = (
    "article-journal book chapter paper-conference thesis report webpage article-newspaper article document patent"
    " legislation manuscript"
)
references = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES.split()), "title": st.just("T ") | text},
    optional={"author": _names, "editor": _names, "translator": _names, "issued": _date, "accessed": _date}
    | dict.fromkeys(_texts.split(), text),
)
