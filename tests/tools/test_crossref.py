"""What is asked of Crossref, and what a model is told of its answer; by a server of this machine in its place."""

from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from servers.web_server import Reply, Site, said, serving

from gleanery.errors import UsageError
from gleanery.tools.crossref import crossref_lookup
from gleanery.tools.network import Network
from gleanery.tools.tool import tool_of
from gleanery.tools.toolbox import Toolbox

WORK = {
    "DOI": "10.1002/j.1538-7305.1948.tb01338.x",
    "type": "journal-article",
    "title": ["A Mathematical  Theory of Communication"],
    "container-title": ["Bell System Technical Journal"],
    "author": [
        {"given": "C. E.", "family": "Shannon", "sequence": "first", "affiliation": []},
        {"name": "Bell Labs"},
        3,
    ],
    "issued": {"date-parts": [[1948, 7]]},
    "volume": "27",
    "page": "379-423",
    "score": 87.5,
    "indexed": {"date-time": "2026-01-01T00:00:00Z"},
}
RECORD = {
    "type": "article-journal",
    "title": "A Mathematical Theory of Communication",
    "container-title": "Bell System Technical Journal",
    "author": [{"family": "Shannon", "given": "C. E."}, {"literal": "Bell Labs"}],
    "issued": {"date-parts": [[1948, 7]]},
    "DOI": "10.1002/j.1538-7305.1948.tb01338.x",
    "volume": "27",
    "page": "379-423",
    "score": 87.5,
}


def network(site: Site, path: str = "") -> Network:
    return Network(
        crossref=f"http://api.crossref.test:{site.port}{path}",
        resolve=lambda *_: ["127.0.0.1"],
        reachable=lambda _: True,
        seconds=5,
    )


def answering(message: object, status: int = 200) -> Reply:
    return said(status, orjson.dumps({"status": "ok", "message": message}), "application/json")


def test_a_reference_is_looked_for() -> None:
    with serving(answering({"items": [WORK, "odd", WORK, WORK, WORK]})) as site:
        found = crossref_lookup(network(site), reference="Shannon\n1948  A mathematical theory", most=2)
    assert found == [RECORD]
    [(path, headers)] = site.asked
    asked = parse_qs(urlsplit(path).query)
    assert urlsplit(path).path == "/works"
    assert asked["query.bibliographic"] == ["Shannon 1948 A mathematical theory"]
    assert asked["rows"] == ["2"]
    assert headers["Accept"] == "application/json"
    assert not {"Authorization", "Cookie"} & set(headers)


def test_a_doi_is_looked_up() -> None:
    with serving(answering(WORK)) as site:
        assert crossref_lookup(network(site, "/v1/"), doi=" 10.1000/a b?c#d ") == [RECORD]
    assert site.asked[0][0] == "/v1/works/10.1000%2Fa%20b%3Fc%23d"
    with serving(said(404, b"Resource not found.")) as site:
        assert crossref_lookup(network(site), doi="10.1000/182") == []


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (answering({}, 500), "takes no requests at the moment (500)"),
        (answering({}, 429), "takes no requests at the moment (429)"),
        (said(200, b"<html>"), "nothing that can be read"),
        (said(200, b"[]"), "nothing that can be read"),
        (said(400, b"{}"), "answered with 400"),
        (said(302, Location="https://evil.test/"), "no host that may be asked"),
    ],
)
def test_what_is_no_answer_is_told(reply: Reply, says: str) -> None:
    with serving(reply) as site, pytest.raises(UsageError) as told:
        crossref_lookup(network(site), doi="10.1000/182")
    assert says in str(told.value)


@pytest.mark.parametrize(
    "message", [{}, {"items": None}, {"items": [{"title": None, "author": {}, "issued": {"date-parts": [[None]]}}]}]
)
def test_odd_answers_give_little(message: object) -> None:
    with serving(answering(message)) as site:
        assert crossref_lookup(network(site), reference="x") in ([], [{}])


def test_it_is_denied_and_needs_one_question() -> None:
    found = tool_of(crossref_lookup)
    assert found
    assert sorted(found.schema["properties"]) == ["doi", "most", "reference"]
    assert "not allowed" in Toolbox([found]).call("crossref_lookup", '{"doi": "10.1000/182"}')
    box = Toolbox([found], permissions={"crossref_lookup": "allow"})
    assert "either a reference or a DOI" in box.call("crossref_lookup", "{}")
    assert "either a reference or a DOI" in box.call("crossref_lookup", '{"doi": "10.1/1", "reference": "x"}')
