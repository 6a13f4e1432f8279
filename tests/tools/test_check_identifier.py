"""Identifiers are checked by their syntax and their check digit, and nothing is asked."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.tools.finding import find_tools
from gleanery.tools.identifiers import check_identifier


@pytest.mark.parametrize(
    ("scheme", "printed", "value"),
    [
        ("DOI", "https://doi.org/10.1000/182", "10.1000/182"),
        ("DOI", "doi:10.1000/182.", "10.1000/182"),
        ("ISBN", "ISBN 978-0-306-40615-7", "9780306406157"),
        ("ISBN", "0 8044 2957 x", "080442957X"),
        ("ISSN", "issn: 03785955", "0378-5955"),
        ("ISSN", "2434‐561x", "2434-561X"),
        ("arXiv", "arXiv:1501.00001", "1501.00001"),
        ("arXiv", "https://arxiv.org/abs/hep-th/9901001", "hep-th/9901001"),
        ("ORCID", "https://orcid.org/0000-0002-1825-0097", "0000-0002-1825-0097"),
        ("ORCID", "000000021694233X", "0000-0002-1694-233X"),
    ],
)
def test_right_ones(scheme: str, printed: str, value: str) -> None:
    assert check_identifier(scheme, printed) == {"scheme": scheme, "value": value, "valid": True, "why": ""}


@pytest.mark.parametrize(
    ("scheme", "printed"),
    [
        ("DOI", "11.1000/182"),
        ("ISBN", "978-0-306-40615-8"),
        ("ISBN", "978"),
        ("ISSN", "0378-5956"),
        ("arXiv", "see arXiv 1501.00001 for more"),
        ("ORCID", "0000-0002-1825-0098"),
        ("ORCID", ""),
    ],
)
def test_wrong_ones_say_why(scheme: str, printed: str) -> None:
    checked = check_identifier(scheme, printed)
    assert checked["valid"] is False
    assert checked["why"]


@given(st.sampled_from(["0000-0002-1825-0097", "0000-0002-1694-233X"]), st.integers(0, 14), st.integers(1, 9))
def test_one_wrong_digit_of_an_orcid_is_seen(orcid: str, place: int, by: int) -> None:
    digits = orcid.replace("-", "")
    wrong = digits[:place] + str((int(digits[place]) + by) % 10) + digits[place + 1 :]
    assert check_identifier("ORCID", wrong)["valid"] is False


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    for scheme in ("DOI", "ISBN", "ISSN", "arXiv", "ORCID"):
        assert isinstance(check_identifier(scheme, text)["valid"], bool)


def test_as_a_tool() -> None:
    tool = find_tools()["check_identifier"]
    schema = tool.arguments.model_json_schema()
    assert schema["required"] == ["scheme", "value"]
    assert schema["properties"]["scheme"]["enum"] == ["DOI", "ISBN", "ISSN", "arXiv", "ORCID"]
    assert orjson.loads(tool.call({"scheme": "DOI", "value": "10.1000/182"}))["valid"] is True
    assert tool.call({"scheme": "URN", "value": 3}).startswith("Error: scheme: Input should be 'DOI', 'ISBN'")
    assert "value: Field required" in tool.call({"scheme": "DOI"})
    assert "Extra inputs" in tool.call({"scheme": "DOI", "value": "10.1/1", "note": ""})
