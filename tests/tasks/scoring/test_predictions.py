from dataclasses import replace

from gleanery.tasks.records import Result, Span
from gleanery.tasks.scoring.predictions import prediction


def test_values_are_as_printed(parsed: Result) -> None:
    assert prediction(parsed) == {
        "raw": parsed.input,
        "fields": {
            "author": [{"family": "van Gogh", "given": "V."}, "NASA"],
            "title": "Painting stars",
            "container_title": "J. Paint",
            "year": "1999",
            "volume": "7",
            "issue": "2)",
            "pages": "230-65",
            "editor": [{"family": "Roe", "given": "J.)"}],
            "url": "https://doi.org/10.1/ab",
        },
        "printed": {"author": "van Gogh, V., & NASA", "editor": "Roe, J.)"},
    }


def test_a_doi_beside_the_url_is_printed(parsed: Result) -> None:
    raw = parsed.input + " doi:10.1/ab"
    place = Span(len(raw) - 7, len(raw), "exact")
    assert prediction(replace(parsed, input=raw, spans={**parsed.spans, "DOI": place}))["fields"]["doi"] == "10.1/ab"


def test_a_value_in_pieces_is_joined_and_an_inferred_one_left_out(parsed: Result) -> None:
    spans = {**parsed.spans, "title": Span(0, 13, "exact", ((0, 3), (10, 13))), "volume": Span(None, None, "inferred")}
    fields = prediction(replace(parsed, spans=spans))["fields"]
    assert fields["title"] == "van V.,"
    assert "volume" not in fields


def test_ungrounded_values_are_themselves(parsed: Result) -> None:
    said = prediction(replace(parsed, spans={}))
    assert said["fields"]["pages"] == "230-265"
    assert said["fields"]["year"] == "1999"
    assert said["fields"]["doi"] == "10.1/ab"
    assert said["printed"] == {}


def test_a_date_without_a_year_has_none(parsed: Result) -> None:
    undated = replace(parsed, spans={}, output={"issued": {"literal": "forthcoming"}})
    assert prediction(undated)["fields"] == {}


def test_a_failed_record_predicts_nothing(parsed: Result) -> None:
    failed = replace(parsed, output=None, spans={}, status="failed", error="no answer")
    assert prediction(failed) == {"raw": parsed.input, "fields": {}, "printed": {}}
