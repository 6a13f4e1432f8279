from datetime import date

import pytest

from gleanery.tasks.references.checks import check

NAMED = {"title": "On soil"}


@pytest.mark.parametrize(
    ("reference", "codes"),
    [
        ({}, ["no-reference"]),
        ({"publisher": "Verlag"}, ["no-author-and-title"]),
        (
            {"issued": {"date-parts": [[1960]]}, "publisher": "Verlag", "publisher-place": "Ulm"},
            ["no-author-and-title"],
        ),
        ({"page": "34"}, ["no-author-and-title"]),
        ({"container-title": "J. Soil Sci.", "volume": "12"}, []),
        ({"collection-title": "Soil Notes", "page": "1-9"}, []),
        ({"archive": "State archive, reg. 4"}, []),
        ({"archive": "4"}, ["no-author-and-title"]),
        ({"number": "TS 32.421"}, []),
        (NAMED | {"page": "156-1"}, []),
        (NAMED | {"page": "96-43"}, ["pages-reversed"]),
        (NAMED | {"issued": {"literal": "194"}}, ["date-unreadable"]),
        (NAMED, []),
        (NAMED | {"page": "120-15"}, ["pages-reversed"]),
        (NAMED | {"issued": {"date-parts": [[2031]]}}, ["year-in-future"]),
        (NAMED | {"issued": {"date-parts": [[2027]]}}, []),
        (NAMED | {"issued": {"date-parts": [[1203]]}}, ["year-implausible"]),
        (NAMED | {"issued": {"date-parts": [[1203]]}, "archive": "State archive"}, []),
        (NAMED | {"issued": {"literal": "in press"}}, []),
        (NAMED | {"DOI": "11.1000"}, ["doi-syntax"]),
        (NAMED | {"ISBN": "9783161484101"}, ["isbn-check-digit"]),
        (NAMED | {"ISSN": "2049-3631"}, ["issn-check-digit"]),
    ],
)
def test_check(reference, codes):
    issues = check(reference, date(2026, 6, 1))
    assert [issue.code for issue in issues] == codes


def test_the_message_shows_the_value():
    assert "120-15" in check(NAMED | {"page": "120-15"}, date(2026, 6, 1))[0].message
