from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.tasks.declarations import load_task
from gleanery.tasks.records import INFERRED, Span
from gleanery.tasks.references.assemble import assemble
from gleanery.tasks.references.grounded import concluded, ground_reference
from gleanery.tasks.references.reference import Reference
from gleanery.tasks.references.runs import Run


def printed(reference: dict[str, Any], source: str) -> dict[str, tuple[str, str] | None]:
    """Each path with what is printed at its span and how it matches; None where it is missing."""
    found = ground_reference(reference, source)
    spans = {path: (source[span.start : span.end], span.match) for path, span in found.spans.items()}
    return {**dict.fromkeys(found.missing), **spans}


def test_everything_in_the_specialists_paths() -> None:
    source = "[12] L. van Dalen, P. Osei Jr., M. Li: Sparse. Soil 12(3), 737–8, 1998. doi:10.1000/12.3"
    reference: dict[str, Any] = {
        "type": "article-journal",
        "author": [
            {"family": "Dalen", "given": "L.", "non-dropping-particle": "van"},
            {"family": "Osei", "given": "P.", "suffix": "Jr."},
            {"family": "Li", "given": "M."},
        ],
        "title": "Sparse",
        "container-title": "Soil",
        "issued": {"date-parts": [[1998]]},
        "volume": "12",
        "issue": "3",
        "page": "737-738",
        "DOI": "10.1000/12.3",
        "language": "en",
        "citation-number": "12",
    }
    found = ground_reference(reference, source)
    assert found.missing == ()
    assert found.spans["type"] == found.spans["language"] == INFERRED
    assert found.spans["author"] == Span(5, 37, "normalised")
    assert found.spans["issued"] == Span(66, 70, "normalised")
    assert found.spans["page"] == Span(59, 64, "normalised")
    assert found.spans["volume"] == Span(52, 54, "exact")
    assert found.spans["citation-number"] == Span(1, 3, "exact")
    assert found.spans["author.1.suffix"] == Span(27, 30, "exact")
    assert list(found.spans)[:5] == [
        "type",
        *(f"author.0.{part}" for part in reference["author"][0]),
        "author.1.family",
    ]


def test_initials_stand_by_their_own_family_name() -> None:
    after = ground_reference(
        {"author": [{"family": "Smith", "given": "J."}, {"family": "Doe", "given": "J."}]}, "Smith, J., Doe, J."
    )
    before = ground_reference(
        {"author": [{"family": "Smith", "given": "J."}, {"family": "Doe", "given": "J."}]}, "J. Smith, J. Doe"
    )
    assert [after.spans[f"author.{n}.given"].start for n in (0, 1)] == [7, 16]
    assert [before.spans[f"author.{n}.given"].start for n in (0, 1)] == [0, 10]


@pytest.mark.parametrize(
    ("date", "source", "expected"),
    [
        ({"date-parts": [[1998]]}, "Smith (1998a).", "1998"),
        ({"date-parts": [[1998]]}, "Smith (1999).", None),
        ({"date-parts": [[1998, 5]]}, "Mai 1998", "Mai 1998"),
        ({"date-parts": [[1998, 5]]}, "05/1998", "05/1998"),
        ({"date-parts": [[1998, 5]]}, "June 1998", None),
        ({"date-parts": [[1998, 5, 3]]}, "le 3 mai 1998", "3 mai 1998"),
        ({"date-parts": [[1998, 5, 3]]}, "1998/05/03", "1998/05/03"),
        ({"date-parts": [[1998, 5, 4]]}, "3 May 1998", None),
        ({"date-parts": [[1998], [2001]]}, "1998–2001", "1998–2001"),
        ({"date-parts": [[1998], [1999]]}, "Soil 1998/99, 3", "1998/99"),
        ({"date-parts": [[1998, 5, 3], [1998, 5, 6]]}, "May 3-6, 1998", "May 3-6, 1998"),
        ({"date-parts": [[1997, 4]]}, "Soil, April 97", "April 97"),
        ({"date-parts": [[1768]]}, "Berlin MDCCLXVIII.", "MDCCLXVIII"),
        ({"date-parts": [[1998]], "season": 1}, "Spring 1998", "Spring 1998"),
        ({"date-parts": [[1998]], "season": 2}, "Spring 1998", None),
        ({"date-parts": [[1998]], "circa": True}, "ca. 1998", "1998"),
        ({"literal": "In press"}, "Soil (in press).", "in press"),
        ({"literal": "n.d."}, "Soil.", None),
    ],
)
def test_dates(date: dict[str, Any], source: str, expected: str | None) -> None:
    found = printed({"issued": date}, source)["issued"]
    assert (found and found[0]) == expected


def test_a_literal_date_as_printed_is_exact_and_one_printed_apart_has_parts() -> None:
    assert ground_reference({"issued": {"literal": "in press"}}, "in press").spans["issued"].match == "exact"
    source = "Smith (1998), A long title, The Times, 3 May."
    assert ground_reference({"issued": {"date-parts": [[1998, 5, 3]]}}, source).spans["issued"].parts == (
        (7, 11),
        (39, 44),
    )


@pytest.mark.parametrize(
    ("key", "value", "source", "expected"),
    [
        ("page", "123-145", "pp. 123-145", ("123-145", "exact")),
        ("page", "123-145", "pp. 123–45.", ("123–45", "normalised")),
        ("page", "123-145", "pp. 123 -- 145.", ("123 -- 145", "normalised")),
        ("page", "123-45", "pp. 123–145.", ("123–145", "normalised")),
        ("page", "123-145", "pp. 123–46.", None),
        ("page", "1-3, 17-19", "S. 1–3, 17–9.", ("1–3, 17–9", "normalised")),
        ("page", "e123", "12:e123", ("e123", "exact")),
        ("page", "1-10", "1-100", None),
        ("volume", "12", "Vol. 12", ("12", "exact")),
        ("volume", "12", "vol.12", ("12", "exact")),
        ("volume", "12", "112(12a)", ("12", "exact")),
        ("volume", "Vol. 12", "vol.12", ("vol.12", "normalised")),
        ("volume", "3-4", "3 – 4", ("3 – 4", "normalised")),
        ("volume", "2", "12, 22", None),
        ("edition", "3", "3rd ed.", ("3", "exact")),
        ("ISBN", "9781234567897", "ISBN 978-1-23-456789-7.", ("978-1-23-456789-7", "normalised")),
        ("ISBN", "9781234567897", "ISBN 9781234567897", ("9781234567897", "exact")),
        ("ISBN", "9781234567890", "ISBN 978-1-23-456789-7.", None),
        ("ISSN", "2049-3630", "ISSN 20493630", ("20493630", "normalised")),
        ("PMID", "123", "PMID: 1234", None),
        ("DOI", "10.1000/abc.d", "https://doi.org/10.1000/abc.d.", ("10.1000/abc.d", "exact")),
        ("DOI", "10.1000/abc", "doi:10.1000/ABC", ("10.1000/ABC", "normalised")),
        ("DOI", "10.1000/abc", "doi:10. 1000/ abc", ("10. 1000/ abc", "normalised")),
        ("DOI", "10.1000/abc", "doi:10.1000/abc.d", None),
        ("DOI", "10.1000/abd", "doi:10.1000/abc", None),
        ("URL", "https://a.org/b", "(https://a.org/b).", ("https://a.org/b", "exact")),
        ("URL", "https://a.org", "https://a.org/b", None),
        ("URL", "https://a.org/b-c", "https://a.org/b- c", ("https://a.org/b- c", "normalised")),
        ("arXiv", "1706.03762", "https://arxiv.org/abs/1706.03762v5", ("1706.03762", "exact")),
        ("title", "Soils of the North", "Soils of the north", ("Soils of the north", "normalised")),
        ("title", "Soil", "Soils", None),
        ("container-title", "JHEP", "JHEP07(2017)", ("JHEP", "exact")),
        ("note", "In Russian; 3 maps", "Soil (In Russian), with 3 maps.", ("In Russian), with 3 maps", "normalised")),
        ("note", "In Russian; 4 maps", "Soil (In Russian), with 3 maps.", None),
    ],
)
def test_fields(key: str, value: str, source: str, expected: tuple[str, str] | None) -> None:
    assert printed({key: value}, source) == {key: expected}


def test_a_missing_part_of_a_name() -> None:
    found = ground_reference(
        {"author": [{"family": "Smyth", "given": "A."}], "editor": [{"literal": "OECD"}]}, "Smith, A."
    )
    assert found.missing == ("author.0.family", "editor.0.literal")
    assert found.spans == {"author.0.given": Span(7, 9, "exact"), "author": Span(7, 9, "normalised")}


def test_a_field_that_a_class_of_ones_own_has_added() -> None:
    reference = {"shelf": "A 12", "tags": ["soil", "water"]}
    assert printed(reference, "Soil. A 12") == {
        "shelf": ("A 12", "exact"),
        "tags.0": ("Soil", "normalised"),
        "tags.1": None,
    }


def test_the_examples_stand_in_their_input() -> None:
    for example in load_task("bibliography").read_examples():
        assert ground_reference(Reference.model_validate(example.output).model_dump(), example.input).missing == ()


@given(st.text(max_size=60), st.data())
def test_it_never_raises_and_finds_what_the_specialist_lifted(source: str, data: st.DataObject) -> None:
    labels = ("author", "title", "date", "page", "volume", "doi", "isbn", "url", "note", "edition", "accessed")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(source)), max_size=8)))
    runs = [Run(data.draw(st.sampled_from(labels)), start, end, 0.9) for start, end in pairwise(cuts) if start < end]
    reference = assemble(source, runs, today=date(2026, 1, 1)).reference
    for text in (source, source[::-1]):
        for span in ground_reference(reference, text).spans.values():
            assert span == INFERRED or 0 <= (span.start or 0) < (span.end or 0) <= len(text)


def test_the_language_is_concluded_where_it_was_not_given() -> None:
    given = {"title": "The history of the book in the city", "volume": "3"}
    assert concluded(given) == {**given, "language": "en"}
    assert concluded({**given, "language": "la"}) == {**given, "language": "la"}
    assert concluded({"title": "Pi"}) == {"title": "Pi"}
    assert concluded({}) == {}
