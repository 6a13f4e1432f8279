"""BibTeX, read back by pybtex and pylatexenc."""

import pytest
from export_cases import ARTICLE, PLAIN, export, failed, references, result
from hypothesis import given
from pybtex.database import BibliographyData, Person, parse_string
from pylatexenc import latex2text, latexwalker

from gleanery.tasks.exports import bibtex_text
from gleanery.tasks.exports.bibtex_text import title
from gleanery.tasks.exports.item import Name, names_of
from gleanery.tasks.exports.text import one_line

# TeX's ligatures (-- for a dash) are none of BibTeX's business: text is compared as it is written.
_NO_LIGATURES = latexwalker.get_default_latex_context_db().filter_context(
    exclude_categories=["latex-ethuebung", "nonascii-specials"]
)
_PRINTED = latex2text.get_default_latex_context_db()
# pylatexenc does not know LaTeX's own names for printed braces.
_BRACES = [latex2text.MacroTextSpec("textbraceleft", "{"), latex2text.MacroTextSpec("textbraceright", "}")]
_PRINTED.add_context_category("braces", macros=_BRACES, prepend=True)


def printed(latex: str) -> str:
    nodes, *_ = latexwalker.LatexWalker(latex, latex_context=_NO_LIGATURES).get_latex_nodes()
    return latex2text.LatexNodes2Text(_PRINTED).nodelist_to_text(nodes).replace("ˆ", "^")


def read(results) -> BibliographyData:
    return parse_string(export("bibtex", results)[0], "bibtex")


def entry_of(reference):
    return next(iter(read([result(reference)]).entries.values()))


def expected(text: str) -> str:
    return one_line(text).replace("ˆ", "^")


def same_person(person: Person, name: Name) -> bool:
    given, particle, family, suffix = (
        printed(" ".join(parts))
        for parts in (person.bibtex_first_names, person.prelast_names, person.last_names, person.lineage_names)
    )
    if name.literal:
        return family == expected(name.literal)
    if not name.given:
        whole = ", ".join(filter(None, (f"{name.particle} {name.family}".strip(), name.suffix)))
        return f"{particle} {family}".strip() == expected(whole)
    last = f"{particle} {family}".strip() == expected(f"{name.particle} {name.family}".strip())
    return last and (given, suffix) == (expected(name.given), expected(name.suffix))


@given(references)
def test_pybtex_reads_every_field_back(reference):
    if export("bibtex", [result(reference)])[1]:
        return
    entry = entry_of(reference)
    for variable, field in {"title": "title", "volume": "volume", "note": "note", "language": "language"}.items():
        assert printed(entry.fields.get(field, "")) == expected(reference.get(variable, ""))
    containers = [entry.fields[field] for field in ("journal", "booktitle", "howpublished") if field in entry.fields]
    assert [printed(text) for text in containers] == list(
        filter(None, [expected(reference.get("container-title", ""))])
    )
    for variable, field in {"DOI": "doi", "URL": "url", "arXiv": "eprint"}.items():
        assert entry.fields.get(field, "") == bibtex_text.verbatim(one_line(reference.get(variable, "")))


@given(references)
def test_pybtex_reads_every_name_back(reference):
    for role in ("author", "editor"):
        names = names_of(reference.get(role))
        if names:
            people = entry_of(reference).persons[role]
            assert len(people) == len(names)
            assert all(map(same_person, people, names))


@given(references)
def test_one_awkward_reference_does_not_spoil_its_neighbours(reference):
    results = [result(ARTICLE, "r-0"), result(reference), failed(), result(ARTICLE, "r-2")]
    keys = list(read(results).entries)
    assert keys[0] == "berg2017role"
    assert keys[-1] == "berg2017role-a"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (Name("Berg", "Jan", "van der", "Jr."), "van der Berg, Jr., Jan"),
        (Name("Souza", "Ana", "De"), "De Souza, Ana"),
        (Name("de Souza", "Ana"), "{de Souza}, Ana"),
        (Name("Hooft", "G.", "'t"), "'t Hooft, G."),
        (Name("hooks", "bell"), "hooks, bell"),
        (Name("Plato"), "Plato"),
        (Name("Ibn Sina"), "{Ibn Sina}"),
        (Name("King", suffix="Jr."), "{King, Jr.}"),
        (Name("Rock and Roll", "J."), "{Rock and Roll}, J."),
        (Name(literal="AT&T, Inc."), r"{AT\&T, Inc.}"),
    ],
)
def test_names(name, written):
    assert bibtex_text.people((name,)) == written


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("The DNA of McDonald's iPhone", "The {DNA} of {McDonald's} {iPhone}"),
        ("A Study of Long-Term Effects", "A Study of Long-Term Effects"),
        ("Vitamin D and I", "Vitamin {D} and I"),
        ("ALL IN CAPITALS", "ALL IN CAPITALS"),
        ("AT&T {x}", r"{AT\&T} \textbraceleft{}x\textbraceright{}"),
    ],
)
def test_titles_keep_the_capitals_that_a_style_would_lower(plain, written):
    assert title(plain) == written


@pytest.mark.parametrize(("pages", "written"), [("230-265", "230--265"), ("1–2, 5 — 7", "1--2, 5--7"), ("e12", "e12")])
def test_page_ranges(pages, written):
    assert bibtex_text.pages(pages) == written


def test_dates_have_month_macros_and_doubts():
    assert "  month = jun,\n  day = {12}," in export("bibtex", [result(ARTICLE)])[0]
    years = {kind: entry_of(output).fields["year"] for kind, output in PLAIN.items()}
    assert years == {"article": "2017", "book": "ca. 1850", "chapter": "2001--2002", "thesis": "in press"}


def test_a_failed_result_is_a_comment_that_readers_pass_over():
    written, left_out = export("bibtex", [failed(), result({})])
    assert left_out == 2
    assert written.startswith(
        "@comment{r-failed: the model gave no valid JSON for this record}".replace(" no ", "  no  ")
    )
    assert not parse_string(written, "bibtex").entries


@pytest.mark.parametrize(
    ("output", "key"),
    [
        (
            {"author": [{"family": "Łąß-Øre"}], "title": "L'étude", "issued": {"date-parts": [[1999]]}},
            "lassore1999etude",
        ),
        ({"author": [{"literal": "World Health"}], "title": "The End"}, "worldend"),
        ({"title": "2001", "issued": {"date-parts": [[1968]]}}, "ref19682001"),
        ({"title": "漢字"}, "refr1"),
    ],
)
def test_keys_are_readable_ascii(output, key):
    assert list(read([result(output)]).entries) == [key]


def test_keys_are_unique_from_a_to_aa():
    keys = list(read([result(ARTICLE)] * 29).entries)
    assert len(set(keys)) == 29
    assert [keys[n].removeprefix("berg2017role") for n in (0, 1, 26, 27, 28)] == ["", "-a", "-z", "-aa", "-ab"]
