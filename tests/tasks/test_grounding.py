from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.tasks.alignment import is_whole
from gleanery.tasks.folded import fold
from gleanery.tasks.grounding import Grounding, ground
from gleanery.tasks.numerals import Numerals, find_dates
from gleanery.tasks.one_line import parse_one_line
from gleanery.tasks.records import INFERRED, Span

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def one(value: Any, source: str, **schema: Any) -> Span | None:
    """The span of a single value."""
    found = ground({"x": value}, source, {"type": "object", "properties": {"x": schema}})
    assert (found.missing == ("x",)) is ("x" not in found.spans)
    return found.spans.get("x")


def printed(span: Span | None, source: str) -> tuple[str, str] | None:
    return span and (source[span.start : span.end], span.match)


def test_paths_and_missing() -> None:
    source = "Watson, J. D., & Crick, F. H. C. (1953). Nature."
    output = {
        "author": [{"family": "Watson", "given": "J. D."}, {"family": "Smyth"}],
        "none": None,
        "empty": "",
        "year": 1953,
    }
    assert ground(output, source, {}) == Grounding(
        {"author.0.family": Span(0, 6, "exact"), "author.0.given": Span(8, 13, "exact"), "year": Span(34, 38, "exact")},
        ("author.1.family",),
    )
    assert ground("Nature", source, {}).spans == {"": Span(41, 47, "exact")}
    assert ground("Science", source, {}).missing == ("",)


@pytest.mark.parametrize(
    ("value", "source", "expected"),
    [
        ("art", "a party", None),
        ("art", "the art.", ("art", "exact")),
        ("caf", "cafe\u0301", None),
        ("cafe", "cafe\u0301", None),
        ("日本", "東日本大震災", ("日本", "exact")),
        ("C++", "in C++20", ("C++", "exact")),
        ("SMITH", "by Smith", ("Smith", "normalised")),
        ("bibliography", "a biblio-\ngraphy of", ("biblio-\ngraphy", "normalised")),
        ("well-known", "a well-\nknown case", ("well-\nknown", "normalised")),
        ("one two", "one \n  two", ("one \n  two", "normalised")),
        ("737-738", "pp. 737–738.", ("737–738", "normalised")),
        ("1-2", "1 – 2", ("1 – 2", "normalised")),
        ("12", "1 2", None),
        ('"so" it\'s', "“so” it’s", ("“so” it’s", "normalised")),
        ("first office", "first oﬃce", ("first oﬃce", "normalised")),
        ("Müller", "by Mu\u0308ller", ("Mu\u0308ller", "normalised")),
        ("Strasse", "Straße 1", ("Straße", "normalised")),
        ("S", "ß", None),
        ("ABC", "ＡＢＣ", ("ＡＢＣ", "normalised")),
        ("biblio", "bib\u00adlio", ("bib\u00adlio", "normalised")),
        ("effect of heat on soils", "The effects of heat on soil. 1998", ("effects of heat on soil", "fuzzy")),
        ("Johnston", "Johnson, A.", ("Johnson", "fuzzy")),
        ("Smyth", "Smith, A.", None),
        ("the wars of 1914 and after", "the wars of 1915 and after", None),
        ("🙂 ok", "x 🙂 ok", ("🙂 ok", "exact")),
        ("-", "a", None),
    ],
)
def test_texts(value: str, source: str, expected: tuple[str, str] | None) -> None:
    assert printed(one(value, source), source) == expected


@pytest.mark.parametrize(
    ("value", "source", "expected"),
    [
        (12, "no 12.", ("12", "exact")),
        (12, "no 123, 312, 12.5", None),
        (1234567, "sum 1,234,567 EUR", ("1,234,567", "normalised")),
        (1234567, "sum 1.234.567 EUR", ("1.234.567", "normalised")),
        (1234, "sum 1 234 EUR", ("1 234", "normalised")),
        (1234.5, "sum 1.234,50 EUR", ("1.234,50", "normalised")),
        (1234.5, "sum 1,234.5 EUR", ("1,234.5", "normalised")),
        (3.5, "about 3,5 m", ("3,5", "normalised")),
        (3.5, "about 3.5 m", ("3.5", "exact")),
        (3, "about 3.14", None),
        (14, "about 3.14", None),
        (5.0, "5 m", ("5", "normalised")),
        (7, "007", ("007", "normalised")),
        (-5, "at −5 °C", ("−5", "normalised")),
        (-5, "at 5 °C", None),
        (0, "0 of 10", ("0", "exact")),
        (1998, "12.03.1998", ("1998", "exact")),
        (12, "12.03.1998", ("12", "exact")),
        (2009, "04.2009", ("2009", "exact")),
        (1998, "(1998a)", ("1998", "exact")),
        (12, "١٢", ("١٢", "normalised")),
        (float("inf"), "inf", None),
        (float("nan"), "nan", None),
        (1e300, "1", None),
    ],
)
def test_numbers(value: float, source: str, expected: tuple[str, str] | None) -> None:
    assert printed(one(value, source), source) == expected


def test_a_number_too_long_to_be_printed() -> None:
    assert one(10**5000, "1") is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("on 2021-05-03", ("2021-05-03", "exact")),
        ("on 3 May 2021.", ("3 May 2021", "normalised")),
        ("am 3. Mai 2021", ("3. Mai 2021", "normalised")),
        ("le 03/05/2021", ("03/05/2021", "normalised")),
        ("5/3/2021", ("5/3/2021", "normalised")),
        ("2021年5月3日", ("2021年5月3", "normalised")),
        ("May 3rd, 2021", ("May 3rd, 2021", "normalised")),
        ("on 3 June 2021", None),
        ("on 4 May 2021", None),
        ("on 3 May 1921", None),
    ],
)
def test_dates(source: str, expected: tuple[str, str] | None) -> None:
    assert printed(one("2021-05-03", source, type="string", format="date"), source) == expected


def test_a_date_printed_apart_has_parts() -> None:
    source = "Smith (2021): A long title. The Times, 3 May."
    assert one("2021-05-03", source, format="date") == Span(7, 44, "normalised", ((7, 11), (39, 44)))
    assert find_dates("2021, reprinted, 3 May 2021", 2021, 5, 3) == [((17, 27),)]


def test_what_may_be_a_conclusion() -> None:
    schema = {
        "$defs": {"Kind": {"enum": ["book", "map", 7]}},
        "properties": {
            "a": {"anyOf": [{"$ref": "#/$defs/Kind"}, {"type": "null"}]},
            "b": {"type": "array", "items": {"$ref": "#/$defs/Kind"}},
            "c": {"const": "fixed"},
            "d": {"type": "boolean"},
        },
    }
    output = {"a": "book", "b": ["map", 7], "c": "fixed", "d": False}
    spans = ground(output, "an old map", schema).spans
    assert spans == {"a": INFERRED, "b.0": Span(7, 10, "exact"), "b.1": INFERRED, "c": INFERRED, "d": INFERRED}


def test_references_that_lead_nowhere_or_round_in_circles() -> None:
    schema = {"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "http://x"}]}}}
    assert ground({"x": "ABC"}, "ABC", schema).spans == {"x": Span(0, 3, "exact")}


def test_repeated_values_are_placed_in_their_order() -> None:
    source = "Smith, J., Doe, J., Smith, K. 12(12), 12"
    output = {
        "author": [
            {"family": "Smith", "given": "J."},
            {"family": "Doe", "given": "J."},
            {"family": "Smith", "given": "K."},
        ],
        "numbers": ["12", "12", "12"],
    }
    found = ground(output, source, {}).spans
    starts = {path: span.start for path, span in found.items()}
    assert starts == {
        "author.0.family": 0,
        "author.0.given": 7,
        "author.1.family": 11,
        "author.1.given": 16,
        "author.2.family": 20,
        "author.2.given": 27,
        "numbers.0": 30,
        "numbers.1": 33,
        "numbers.2": 38,
    }


def test_a_value_keeps_clear_of_what_is_printed_once() -> None:
    source = "The Nature of proof. Nature 12."
    assert ground({"journal": "Nature", "title": "The Nature of proof"}, source, {}).spans["journal"].start == 21


def test_one_line_schemas() -> None:
    schema = parse_one_line("title, year? int, seen? date")
    found = ground({"title": "Soil", "year": None, "seen": "2021-05-03"}, "Soil. 3 mai 2021", schema)
    assert {path: span.match for path, span in found.spans.items()} == {"title": "exact", "seen": "normalised"}


WORDS = st.lists(st.text("abcdé日本م1-.,", min_size=1, max_size=6), min_size=1, max_size=12).map(" ".join)


@given(WORDS, st.data())
def test_whatever_stands_between_edges_of_words_is_found_exactly(source: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(source) - 1))
    end = data.draw(st.integers(start + 1, len(source)))
    value = source[start:end]
    span = one(value, source) if value.strip() and is_whole(source, start, end) else None
    if span is not None:
        assert (source[span.start : span.end], span.match) == (value, "exact")
    else:
        assert not value.strip() or not is_whole(source, start, end)


@given(st.text(string.ascii_lowercase + " .-"), st.text("абвгд世界", min_size=1))
def test_what_is_made_of_other_characters_is_missing(source: str, value: str) -> None:
    assert one(value, source) is None


@given(JSON, st.text(), JSON)
def test_it_never_raises_and_spans_are_in_range(output: Any, source: str, schema: Any) -> None:
    for text in (source, str(output)):
        found = ground(output, text, schema if isinstance(schema, dict) else {})
        for span in found.spans.values():
            assert span == INFERRED or 0 <= (span.start or 0) < (span.end or 0) <= len(text)


@given(st.text(), st.booleans())
def test_folding_knows_the_way_back(text: str, rejoined: bool) -> None:
    folded = fold(text, rejoined=rejoined)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert folded.starts == sorted(folded.starts)
    assert all(0 <= start < end <= len(text) for start, end in zip(folded.starts, folded.ends, strict=True))


@given(st.integers(0, 10**12))
def test_every_number_is_found_however_it_is_grouped(value: int) -> None:
    for source in (f"a {value} b", f"a {value:,} b", f"{value:,}".replace(",", "."), f"{value:,}".replace(",", " ")):
        assert Numerals(source).find(value)


def test_large_inputs() -> None:
    source = "lorem ipsum dolor sit amet " * 8000
    values = [f"lorem ipsun dolor sit amet consectetur {number}" * 20 for number in range(200)]
    assert len(ground(values, source, {}).missing) == 200
