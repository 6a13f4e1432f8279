import pytest

from gleanery.tasks.scoring.fields import FIELDS, annotated, comparable, is_persons


def test_a_corpus_is_known_by_the_beginning_of_its_name() -> None:
    assert annotated("bir2024-physics") == ("author", "title", "year", "volume", "pages")
    assert "doi" not in annotated("umass")
    assert annotated("mine") == FIELDS


@pytest.mark.parametrize(
    ("value", "persons"),
    [(None, False), ("A. Roe", False), (["A. Roe"], False), ([{"family": "Roe"}], True), ({"family": "Roe"}, True)],
)
def test_persons(value: object, persons: bool) -> None:
    assert is_persons(value) is persons


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("author", ["A. Roe and B. Poe", "et al."], "A. Roe B. Poe"),
        ("author", [{"family": "Roe", "given": "A."}, "NASA"], "Roe A. NASA"),
        ("editor", "Roe, A. & Poe, B., and others", "Roe, A. Poe, B.,"),
        ("pages", "230 – 65", "230-65"),
        ("doi", "10.1/ AB", "10.1/ab"),
        ("title", ["One\n title", "Another"], "One title"),
        ("title", [], ""),
        ("year", 1999, "1999"),
        ("year", None, ""),
    ],
)
def test_comparable(field: str, value: object, text: str) -> None:
    assert comparable(field, value, persons=False) == text


def test_persons_are_compared_by_family_names() -> None:
    names = [{"family": "Roe", "given": "A."}, {"literal": "The Team"}, {"given": "Plato"}, "NASA and ESA", {}]
    assert comparable("author", names, persons=True) == "Roe The Team Plato NASA and ESA"
