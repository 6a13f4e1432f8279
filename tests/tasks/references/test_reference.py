import pytest
from pydantic import ValidationError

from gleanery.tasks.references.reference import Reference

CSL = {
    "type": "chapter",
    "author": [{"family": "Meer", "non-dropping-particle": "van der", "given": "J."}, {"literal": "OECD"}],
    "container-title": "Soil",
    "issued": {"date-parts": [[1998], [2001]], "circa": True},
    "DOI": "10.1000/182",
}


def test_a_record_comes_back_as_it_went_in():
    assert Reference.model_validate(CSL).model_dump() == CSL
    assert Reference.model_validate(CSL | {"title": None}).model_dump() == CSL


@pytest.mark.parametrize(
    "wrong",
    [
        {"journal": "Soil"},
        {"type": "poem"},
        {"title": ""},
        {"author": []},
        {"author": [{}]},
        {"author": [{"family": "Li", "literal": "Li"}]},
        {"issued": {}},
        {"issued": {"date-parts": [[2004, 13]]}},
        {"issued": {"date-parts": [[2004, 1, 32]]}},
        {"issued": {"date-parts": [[2004], [2005], [2006]]}},
    ],
)
def test_what_is_no_reference(wrong):
    with pytest.raises(ValidationError):
        Reference.model_validate(wrong)


def test_the_schema_is_fit_to_show_to_a_model():
    schema = Reference.model_json_schema()
    assert schema["additionalProperties"] is False
    assert {"container-title", "DOI", "arXiv", "publisher-place"} <= schema["properties"].keys()
    for prop in schema["properties"].values():
        assert prop["description"]
        assert prop["title"]
        assert "default" not in prop
    assert "null" not in str(schema)
