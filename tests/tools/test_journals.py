"""Journals' names by the list of a user: CSV, TSV or semicolons, with a header or without."""

from pathlib import Path

import pytest

from gleanery.errors import UsageError
from gleanery.tools.journals import abbreviate_journal, expand_journal
from gleanery.tools.workspace import Workspace

ROWS = [
    ("Bell System Technical Journal", "Bell Syst. Tech. J."),
    ("The Journal of Snails & Slugs", "J. Snails Slugs"),
    ("Zeitschrift für Käfer", "Z. Käfer"),
]


def shelf(folder: Path, text: str, name: str = "journals.csv") -> Workspace:
    (folder / name).write_text(text)
    return Workspace(folder)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("header", [("Title", "ISO 4"), ("Journal name", "Abbreviation"), None])
def test_names_go_both_ways(tmp_path: Path, separator: str, header: tuple[str, str] | None) -> None:
    rows = ([header] if header else []) + ROWS
    place = shelf(tmp_path, "\ufeff" + "\n".join(separator.join(row) for row in rows))
    for full, short in ROWS:
        assert abbreviate_journal(full, place) == {"found": True, "abbreviation": short}
        assert abbreviate_journal(full.upper().replace("&", "and"), place)["abbreviation"] == short
        assert expand_journal(short, place) == {"found": True, "journal": full}
        assert expand_journal(short.replace(".", ""), place)["journal"] == full
    assert abbreviate_journal("Z. Käfer", place)["note"] == "It is in that form already."


def test_columns_are_found_by_their_names(tmp_path: Path) -> None:
    place = shelf(tmp_path, 'abbr,issn,title\n"J. Snails, A",1234-5679,"Snails, Series A"\nX,,\n', "mine.csv")
    assert abbreviate_journal("Snails, series A", place, "mine.csv")["abbreviation"] == "J. Snails, A"
    assert expand_journal("X", place, "mine.csv")["found"] is False


def test_what_the_list_does_not_have_is_not_made_up(tmp_path: Path) -> None:
    place = shelf(tmp_path, "\n".join(",".join(row) for row in ROWS))
    assert abbreviate_journal("Bell Systems Technical Journal", place) == {
        "found": False,
        "nearest": ["Bell System Technical Journal"],
    }
    assert expand_journal("Bel Syst. Tech. J.", place) == {"found": False, "nearest": ["Bell Syst. Tech. J."]}
    assert abbreviate_journal("Nature", place) == {"found": False, "nearest": []}


def test_a_list_that_is_wrong_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no `journals\.csv` in the workspace"):
        abbreviate_journal("Nature", Workspace(tmp_path))
    for text in ("", "one\ntwo\n", "title,abbreviation\n"):
        with pytest.raises(UsageError, match="no list of journals"):
            abbreviate_journal("Nature", shelf(tmp_path, text))
    (tmp_path / "journals.csv").write_bytes(b"\xff\xfe,")
    with pytest.raises(UsageError, match="UTF-8"):
        abbreviate_journal("Nature", Workspace(tmp_path))
    with pytest.raises(UsageError, match="leads out"):
        abbreviate_journal("Nature", Workspace(tmp_path), "/etc/passwd")
