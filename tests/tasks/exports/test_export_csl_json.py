"""CSL-JSON, read by citeproc-py."""

import json
import re
import warnings

import pytest
from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON
from export_cases import ARTICLE, PLAIN, export, failed, references, result
from hypothesis import given, settings

from gleanery.tasks.exports.text import one_line
from gleanery.tasks.exports.vocabulary import DATE_VARIABLES, NAME_VARIABLES, TEXT_VARIABLES


@pytest.fixture(scope="module")
def style():
    return CitationStylesStyle("harvard-cite-them-right", validate=False)


def rendered(style, written: str) -> list[str]:
    items = json.loads(written)
    with warnings.catch_warnings():
        # citeproc-py warns of the CSL 1.0.2 variables that it does not know yet.
        warnings.filterwarnings("ignore", "The following arguments for", UserWarning)
        bibliography = CitationStylesBibliography(style, CiteProcJSON(items), formatter.plain)
    for item in items:
        bibliography.register(Citation([CitationItem(item["id"].lower())]))
    return [str(entry) for entry in bibliography.bibliography()]


def test_citeproc_renders_the_plain_references(style):
    written, _ = export("csl-json", [result(output, kind) for kind, output in PLAIN.items()])
    article, book, chapter, thesis = rendered(style, written)
    assert article.startswith("van der Berg, J., Jr. and Müller, Ä. (2017)")
    assert "12(3), pp. 230–265" in article
    assert book.startswith("World Health Organization (1850) Weltgesundheit. 2nd ed. Translated by A. García. Genève")
    assert (
        "(2001–2002)" in chapter
        and "in J. Élan Vital and K. O'Neil (eds.) Handbook of Everything, pp. S1–S9" in chapter
    )
    assert thesis == "Żak, Ł. (in press) Über Wälder. Master's thesis. Universität Wien."


@settings(max_examples=60)
@given(references)
def test_citeproc_renders_whatever_comes(style, reference):
    written, left_out = export("csl-json", [result(reference)])
    assert len(rendered(style, written)) == 1 - left_out


@given(references)
def test_every_item_is_legal_and_says_the_same(reference):
    items = json.loads(export("csl-json", [result(reference)])[0])
    for item in items:
        assert item.keys() - {"id", "type"} <= NAME_VARIABLES | DATE_VARIABLES | TEXT_VARIABLES
        for variable in ("title", "publisher", "page", "DOI", "language"):
            assert item.get(variable, "") == one_line(reference.get(variable, ""))
        assert all(
            date.keys() <= {"date-parts", "season", "circa", "literal"}
            for date in map(item.get, DATE_VARIABLES & item.keys())
        )


def test_an_arxiv_identifier_is_a_place_in_an_archive_or_else_a_note():
    (item,) = json.loads(export("csl-json", [result(ARTICLE)])[0])
    assert (item["archive"], item["archive_location"], item["PMID"]) == ("arXiv", "1706.03762", "28617000")
    (item,) = json.loads(export("csl-json", [result(ARTICLE | {"archive": "HAL", "note": "Seen"})])[0])
    assert (item["archive"], item["note"]) == ("HAL", "Seen; arXiv: 1706.03762")


def test_what_is_malformed_is_passed_over():
    output = {
        "title": ["no text"],
        "author": ["Ann", {"family": 3}, {}],
        "issued": {"date-parts": [[2020, 13, 40], "x"]},
    }
    (item,) = json.loads(
        export("csl-json", [result(output | {"type": "novel", "volume": 4, "id": "theirs", "x": "y"})])[0]
    )
    assert item == {
        "id": "r-1",
        "type": "document",
        "author": [{"family": "3"}],
        "volume": "4",
        "issued": {"date-parts": [[2020]]},
    }


def test_failed_and_empty_results_are_left_out():
    outputs = [{}, {"type": "book", "language": "en", "citation-number": "3"}, "text", None, {"title": "\x00 "}]
    written, left_out = export("csl-json", [failed(), *map(result, outputs)])
    assert (re.sub(r"\s", "", written), left_out) == ("[]", 6)


def test_a_range_within_a_year_is_its_beginning_and_is_rendered(style):
    reference = {**ARTICLE, "issued": {"date-parts": [[2000, 1, 3], [2000, 1, 4]]}}
    written, _ = export("csl-json", [result(reference)])
    assert json.loads(written)[0]["issued"] == {"date-parts": [[2000, 1, 3]]}
    assert "(2000)" in rendered(style, written)[0]
