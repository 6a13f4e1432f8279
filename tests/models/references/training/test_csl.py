"""The CSL interpreter: what it prints and how it labels what it prints."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from gleanery.models.references.labels import LABELS
from gleanery.models.references.training.synthesis.csl import CslError, Style, clean, render, vary
from gleanery.models.references.training.synthesis.csl_names import initials
from gleanery.models.references.training.synthesis.csl_text import page_range, title_case
from gleanery.models.references.training.synthesis.markup import marked

pytest.importorskip("citeproc")

STYLE = """<style xmlns="http://purl.org/net/xbiblio/csl" class="in-text" version="1.0" default-locale="en-US">
  <info><title>Tiny</title><category citation-format="numeric"/></info>
  <macro name="who">
    <names variable="author">
      <name and="symbol" initialize-with=". " name-as-sort-order="all" et-al-min="4" et-al-use-first="1"/>
      <label form="short" prefix=" (" suffix=")"/>
      <substitute><names variable="editor"/><text variable="title"/></substitute>
    </names>
  </macro>
  <citation><layout><text variable="citation-number"/></layout></citation>
  <bibliography><layout suffix=".">
    <text variable="citation-number" prefix="[" suffix="]"/>
    <text macro="who" suffix=". "/>
    <text variable="title" quotes="true" suffix=". "/>
    <group delimiter=", ">
      <choose>
        <if type="article-journal"><text variable="container-title"/>
          <group delimiter=" "><label variable="volume" form="short"/><text variable="volume"/></group></if>
        <else><group delimiter=" "><text term="in" text-case="capitalize-first"/><text variable="container-title"/>
          </group>
          <group delimiter=" "><number variable="edition" form="ordinal"/><label variable="edition" form="short"/>
          </group></else>
      </choose>
      <group delimiter=" "><label variable="page" form="short"/><text variable="page"/></group>
      <date variable="issued" form="text" prefix="(" suffix=")"/>
      <text variable="DOI" prefix="https://doi.org/"/>
    </group>
  </layout></bibliography>
</style>"""

ARTICLE: dict[str, Any] = {
    "type": "article-journal",
    "title": "On <i>small</i> things.",
    "author": [{"family": "Doe", "given": "Anna-Maria"}, {"family": "0042"}, {"family": "Roe", "given": "R.B."}],
    "container-title": "Journal of Things",
    "volume": 12,
    "issued": {"date-parts": [["2011", "5", 3]]},
    "DOI": "https://doi.org/10.1000/x",
}


@pytest.fixture
def style(tmp_path: Path) -> Style:
    path = tmp_path / "tiny.csl"
    path.write_text(STYLE, encoding="utf-8")
    return Style.load(path)


def printed(style: Style, item: dict[str, Any], locale: str = "en-US") -> str:
    return marked(render(style, item, random.Random(3), number=7, locale=locale))


def test_an_article_is_labelled_part_by_part(style: Style) -> None:
    assert printed(style, ARTICLE) == (
        "[[citation-number 7]] [author Doe, A.-M. & Roe, R. B.] “[title On small things].” "
        "[container-title Journal of Things], vol. [volume 12], ([date May 3, 2011]), [url https://doi.org/10.1000/x]."
    )


def test_the_language_changes_terms_quotes_and_dates(style: Style) -> None:
    text = printed(style, ARTICLE, "de-DE")
    assert "„[title On small things]“. " in text
    assert "Bd. [volume 12], ([date 3. Mai 2011])" in text


def test_an_editor_stands_in_for_the_author_and_an_empty_group_prints_nothing(style: Style) -> None:
    item = {"type": "book", "title": "Things", "editor": [{"family": "Roe", "given": "Rita"}], "edition": "2"}
    assert printed(style, item) == ("[[citation-number 7]] [editor Roe, R.] (ed.). “[title Things].” [edition 2nd] ed.")


def test_a_title_in_the_place_of_the_author_is_not_printed_twice(style: Style) -> None:
    assert printed(style, {"type": "book", "title": "Things"}) == "[[citation-number 7]] [title Things]."


def test_a_long_list_of_authors_ends_in_et_al(style: Style) -> None:
    authors = [{"family": name, "given": "X."} for name in ("Ant", "Bee", "Cat", "Dog")]
    assert "[author Ant, X. et al.] “" in printed(style, {**ARTICLE, "author": authors})


def test_labels_are_known_and_a_seed_gives_the_same_text(style: Style) -> None:
    first, second = (render(style, vary(ARTICLE, random.Random(5)), random.Random(5)) for _ in range(2))
    assert first == second
    assert {label for label, _ in first} <= {None, *LABELS}


def test_an_item_without_a_title_and_a_file_that_is_no_style_are_refused(style: Style, tmp_path: Path) -> None:
    with pytest.raises(CslError, match="no title"):
        render(style, {"type": "book"}, random.Random(1))
    broken = tmp_path / "broken.csl"
    broken.write_text("<style", encoding="utf-8")
    with pytest.raises(CslError, match=r"broken\.csl"):
        Style.load(broken)


def test_cleaning_takes_off_markup_tex_and_units() -> None:
    item = {
        "type": "book",
        "title": r"{G}r\"{u}n &amp; Cu_2O",
        "edition": "2nd ed.",
        "page": "pp. 3-4",
        "publisher": "sv",
    }
    cleaned = clean(item, random.Random(1))
    assert cleaned == {"type": "book", "title": "Grün & Cu2O", "edition": "2nd", "page": "3-4"}


@pytest.mark.parametrize(
    ("given", "mark", "expected"),
    [("Jean-Paul", ". ", "J.-P."), ("J.P.", ". ", "J. P."), ("Anna Maria", "", "AM"), ("Johann von", ".", "J. von")],
)
def test_initials(given: str, mark: str, expected: str) -> None:
    assert initials(given, mark) == expected


@pytest.mark.parametrize(
    ("style_form", "expected"), [("minimal", "321–8"), ("expanded", "321–328"), ("chicago-16", "321–28"), ("", "321–8")]
)
def test_page_ranges(style_form: str, expected: str) -> None:
    assert page_range("321-8", style_form, "–") == expected


def test_title_case_keeps_small_words_and_capitals() -> None:
    assert title_case("the role of DNA in a cell: a review") == "The Role of DNA in a Cell: A Review"
