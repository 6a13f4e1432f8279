"""What tools do with references: parse them, write them, find those that are of one work."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gleanery.errors import UsageError
from gleanery.tools.duplicates import find_duplicates
from gleanery.tools.references import parse_reference, to_bibtex
from gleanery.tools.tool import tool_of

SHANNON = (
    "Shannon, C. E. (1948). A mathematical theory of communication. Bell System Technical Journal, 27(3), 379-423."
)
PRINTED = [
    SHANNON,
    'C.E. Shannon, "A Mathematical Theory of Communication," Bell Syst. Tech. J., vol. 27, pp. 379–423, 1948.',
    "Knuth, D. E. (1984). The TeXbook. Addison-Wesley.",
    "Vaswani A, Shazeer N, Parmar N, et al. Attention is all you need. In: NeurIPS; 2017.",
    "Donald E. Knuth. TeXbook, The. Reading, MA: Addison-Wesley, 1984.",
    "Ashish Vaswani and others. 2017. Attention Is All You Need. arXiv:1706.03762",
    "Knuth, D. E. (1997). The Art of Computer Programming, Volume 1: Fundamental Algorithms. Addison-Wesley.",
    "Knuth, D. E. (1997). The Art of Computer Programming, Volume 2: Seminumerical Algorithms. Addison-Wesley.",
]


def test_a_reference_is_parsed_and_nothing_is_added() -> None:
    parsed = parse_reference(SHANNON)
    record = parsed["record"]
    assert (record["title"], record["page"]) == ("A mathematical theory of communication", "379-423")
    assert record["issued"] == {"date-parts": [[1948]]}
    assert 0.5 < parsed["confidence"] <= 1
    assert parsed["issues"] == []
    doubtful = parse_reference("Smith, J. (1999). A book of titles. London: Verso. ISBN 978-0-306-40615-8.")
    assert any("ISBN" in issue for issue in doubtful["issues"])
    with pytest.raises(UsageError, match="no reference"):
        parse_reference("")


def test_a_record_becomes_bibtex() -> None:
    entry = to_bibtex(parse_reference(SHANNON)["record"])
    assert entry.startswith("@article{shannon1948mathematical,\n")
    assert "pages = {379--423}" in entry
    for empty in ({}, {"note": "x"}, {"foo": [1]}):
        with pytest.raises(UsageError, match="names no work"):
            to_bibtex(empty)


def test_the_same_work_is_found_however_it_is_printed() -> None:
    found = find_duplicates(list(PRINTED))
    assert [group["members"] for group in found["groups"]] == [[1, 2], [3, 5], [4, 6]]
    assert found["groups"][0]["why"] == ["1 and 2: titles alike by 100 of 100, first author shannon, year 1948"]
    assert found["references"] == len(PRINTED)


def work(title: str, *, author: str = "Smith", year: int | None = 2001, **more: Any) -> dict[str, Any]:
    """A record as CSL has it."""
    issued = {"issued": {"date-parts": [[year]]}} if year else {}
    return {"title": title, "author": [{"family": author}], **issued, **more}


SOME = "On the habits of snails in winter"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (work(SOME), work("On the Habits of Snails in Winter."), True),
        (work(SOME), work("On the habits of snails in wlnter"), True),
        (work(SOME), work("On the habits of snails in winter: a study of gardens"), True),
        (work(SOME), work(SOME, year=2002), True),
        (work(SOME), work(SOME, year=2005), False),
        (work(SOME), work(SOME, author="Jones"), False),
        (work(SOME, author="Müller"), work(SOME, author="Muller"), True),
        (work(SOME, author="van der Berg"), work(SOME, author="Berg"), True),
        (work(SOME, DOI="10.1000/1"), work("Something else", year=1950, DOI="https://doi.org/10.1000/1"), True),
        (work(SOME, DOI="10.1000/1"), work(SOME, DOI="10.1000/2"), False),
        (work(SOME, DOI="10.1000/A"), work(SOME, DOI="doi:10.1000/a"), True),
        (work(SOME, DOI="10.1000/1"), work(SOME), True),
        (work("Snails, part I"), work("Snails, part II"), False),
        (work("Snails of 2001"), work("Snails of 2002"), False),
        (work("Editorial", volume="1", page="1-2"), work("Editorial", volume="2", page="7"), False),
        (work("Editorial", volume="1", page="1-2"), work("Editorial", volume="1", page="1"), True),
        ({"title": SOME}, {"title": SOME}, True),
        ({"title": "Editorial"}, {"title": "Editorial"}, False),
        ({"author": [{"family": "Smith"}]}, {"author": [{"family": "Smith"}]}, False),
        ({}, {}, False),
        (
            {"title": 3, "author": "Smith", "issued": []},
            {"title": ["x"], "author": [3], "issued": {"date-parts": [[]]}},
            False,
        ),
    ],
)
def test_what_is_one_work_and_what_is_not(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    assert bool(find_duplicates([one, other])["groups"]) is same
    assert bool(find_duplicates([other, one])["groups"]) is same


def test_no_group_holds_two_dois() -> None:
    works: list[str | dict[str, Any]] = [work(SOME, DOI="10.1000/1"), work(SOME), work(SOME, DOI="10.1000/2")]
    assert [group["members"] for group in find_duplicates(works)["groups"]] == [[1, 2]]


_RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from([SOME, f"{SOME}: more", "Editorial", "Snails, part I", "Snails, part II", ""]),
        "author": st.sampled_from([[{"family": "Smith"}], [{"family": "Jones"}], [{"literal": "WHO"}], []]),
        "issued": st.sampled_from([{"date-parts": [[2001]]}, {"date-parts": [[2002]]}, {"literal": "s. d."}]),
        "DOI": st.sampled_from(["10.1000/1", "10.1000/2", ""]),
        "volume": st.sampled_from(["1", "2"]),
        "page": st.sampled_from(["1-2", "7"]),
    },
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_RECORDS, min_size=2, max_size=8))
def test_groups_are_apart_and_have_reasons(records: list[str | dict[str, Any]]) -> None:
    groups = find_duplicates(records)["groups"]
    members = [member for group in groups for member in group["members"]]
    assert len(members) == len(set(members))
    assert all(1 <= member <= len(records) for member in members)
    for group in groups:
        assert len(group["members"]) > 1
        assert len(group["why"]) >= len(group["members"]) - 1
        dois = {record.get("DOI") for at in group["members"] if isinstance(record := records[at - 1], dict)} - {
            "",
            None,
        }
        assert len(dois) <= 1
    assert all(one["members"][0] < other["members"][0] for one, other in pairwise(groups))


def test_as_tools() -> None:
    duplicates, parse = tool_of(find_duplicates), tool_of(parse_reference)
    assert duplicates
    assert parse
    assert "at least 2 items" in duplicates.call({"references": ["a"]})
    assert duplicates.call({"references": [PRINTED[0], {"title": "x"}]}) == '{"groups":[],"references":2}'
    assert "at most 5000 characters" in parse.call({"reference": "x" * 5_001})
