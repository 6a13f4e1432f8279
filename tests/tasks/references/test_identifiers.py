import pytest

from gleanery.tasks.references import identifiers as ids


@pytest.mark.parametrize(
    ("find", "printed", "value"),
    [
        (ids.find_doi, "doi: 10.1000/xyz.12).", "10.1000/xyz.12"),
        (ids.find_doi, "HTTPS://DX.DOI.ORG/10.1000/a(b)c", "10.1000/a(b)c"),
        (ids.find_doi, "10. 1000/ab- 12", "10.1000/ab-12"),
        (ids.doi_of_link, "https://doi.org/10.1000/182.", "10.1000/182"),
        (ids.find_isbn, "ISBN 978-3-16-148410-0.", "9783161484100"),
        (ids.find_isbn, "3-16-148410-X", "316148410X"),
        (ids.find_isbn, "ISBN978- 3- 16-148410-0978-3-16 -148410", "9783161484100"),
        (ids.find_isbn, "3-16-148410-1, 3-16-148410-X", "316148410X"),
        (ids.find_issn, "ISSN 2049 3630", "2049-3630"),
        (ids.find_arxiv, "arXiv :1501. 00001v2 [hep-th]", "1501.00001v2"),
        (ids.find_arxiv, "hep-th/9901001", "hep-th/9901001"),
        (ids.arxiv_of_link, "https://arxiv.org/abs/1501.00001", "1501.00001"),
        (ids.find_pmid, "PMID: 1234567", "1234567"),
        (ids.find_url, "URL: <https: //example.org/a- b/c.html>.", "https://example.org/a-b/c.html"),
        (ids.find_url, "www.example.org/x,", "www.example.org/x"),
    ],
)
def test_found(find, printed, value):
    found = find(printed, 0, len(printed))
    assert found is not None
    assert found.value == value
    assert "".join(printed[found.start : found.end].split()).replace("-", "") != ""


@pytest.mark.parametrize("find", [ids.find_doi, ids.find_isbn, ids.find_issn, ids.find_arxiv, ids.find_pmid])
def test_nothing_found(find):
    assert find("none here", 0, 9) is None


def test_check_digits():
    assert ids.valid_isbn("9783161484100") and not ids.valid_isbn("9783161484101")
    assert ids.valid_isbn("316148410X") and not ids.valid_isbn("3161484101")
    assert ids.valid_issn("2049-3630") and not ids.valid_issn("2049-3631")
    assert not ids.valid_isbn("٩٧٨") and not ids.valid_issn("")
    assert ids.valid_doi("10.1000/182") and not ids.valid_doi("10.1000")


@pytest.mark.parametrize(
    ("labelled", "rest", "end"),
    [
        ("https://example.org/soil", "-in-the- valley-7.html (12.3.2009)", "-in-the- valley-7.html"),
        ("https://example.org/", " 12.03.2009", ""),
        ("https://example.org/", " Okafor-Li, A.", ""),
        ("https://example.org/a", "/, visited", "/"),
        ("https://example.org", ". Soil", ""),
        ("https://example.org", " soil.html", ""),
    ],
)
def test_link_end(labelled, rest, end):
    text = labelled + rest
    assert ids.link_end(text, len(labelled), len(text)) == len(labelled + end)
    assert ids.link_end(text, len(labelled), len(labelled)) == len(labelled)


def test_joins_link():
    text = "http://a.org/soil-in- valley.html, http://b.org"
    assert ids.joins_link(text, 17, 22)
    assert not ids.joins_link(text, 33, 35)
