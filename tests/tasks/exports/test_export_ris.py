"""RIS, read back by rispy."""

import rispy
from export_cases import ARTICLE, BOOK, PLAIN, export, failed, references, result
from hypothesis import given

from gleanery.tasks.exports.item import names_of
from gleanery.tasks.exports.text import one_line


def read(results) -> list[dict]:
    return rispy.loads(export("ris", results)[0])


def test_rispy_reads_the_plain_references():
    article, book, chapter, thesis = read(result(output) for output in PLAIN.values())
    assert article["authors"] == ["van der Berg, Jan, Jr.", "Müller, Änne"]
    assert (article["start_page"], article["end_page"], article["year"], article["date"]) == (
        "230",
        "265",
        "2017",
        "2017/06/12/",
    )
    assert (article["accession_number"], article["name_of_database"]) == ("28617000", "PubMed")
    assert article["access_date"] == "2024/01/02/"
    assert book["subsidiary_authors"] == ["García, Ana"]
    assert book["date"] == "1850///circa"
    assert chapter["unknown_tag"]["ED"] == ["Élan Vital, J.", "O'Neil, K."]
    assert chapter["date"] == "2001///to 2002"
    assert (thesis["type_of_reference"], thesis["year"]) == ("THES", "in press")


@given(references)
def test_rispy_reads_every_field_back(reference):
    records = read([result(reference), result(ARTICLE)])
    assert records[-1]["title"] == ARTICLE["title"]
    if len(records) == 1:
        return
    fields = {"title": "title", "volume": "volume", "publisher": "publisher", "DOI": "doi", "language": "language"}
    for variable, field in (fields | {"container-title": "secondary_title", "genre": "type_of_work"}).items():
        assert records[0].get(field, "") == one_line(reference.get(variable, ""))
    # rispy divides a line of addresses at semicolons, as the format once allowed.
    url = one_line(reference.get("URL", ""))
    assert records[0].get("urls", [""]) == [part.strip() for part in url.split(";")]
    assert len(records[0].get("authors", ())) == len(names_of(reference.get("author")))


@given(references)
def test_lines_end_as_the_format_wants_and_values_hold_none(reference):
    written, _ = export("ris", [result(reference)])
    lines = written.split("\r\n")
    assert all(line == "" or line[2:6] == "  - " for line in lines)
    assert lines == [*written.splitlines(), ""]


def test_what_has_no_line_left_goes_to_the_notes():
    (record,) = read([result(BOOK | {"ISSN": "0028-0836", "PMID": "1", "arXiv": "2"})])
    assert record["issn"] == "9783161484100"
    assert record["notes"] == ["Signed_copy", "ISSN: 0028-0836", "arXiv: 2"]


def test_failed_and_empty_results_are_left_out():
    assert export("ris", [failed(), result({})]) == ("", 2)


def test_a_suffix_is_third_though_there_is_no_given_name():
    names = [{"family": "King", "suffix": "Jr."}, {"family": "Plato"}, {"family": ","}]
    assert read([result({"author": names})])[0]["authors"] == ["King, , Jr.", "Plato", ","]
