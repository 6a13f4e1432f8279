import time
from datetime import date
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gleanery.models.references.labels import LABELS
from gleanery.tasks.records import INFERRED, Span
from gleanery.tasks.references.assemble import assemble
from gleanery.tasks.references.reference import Reference

TODAY = date(2026, 6, 1)


class Labelled(NamedTuple):
    label: str
    start: int
    end: int
    confidence: float = 0.9


def label(marked):
    """Text and spans from "{author:Okafor, A.} ({date:2004})"."""
    text, spans = "", []
    for part in marked.split("{"):
        inside, closed, after = part.partition("}")
        if not closed:
            text += part
            continue
        name, _, value = inside.partition(":")
        spans.append(Labelled(name, len(text), len(text) + len(value)))
        text += value + after
    return text, spans


def build(marked):
    text, spans = label(marked)
    return text, assemble(text, spans, today=TODAY)


def sound(text, assembled):
    """The promises that hold for every text: a valid Reference, spans inside the text, exact ones equal to it."""
    reference, spans, confidence, _ = assembled
    assert Reference.model_validate(reference).model_dump() == reference
    for path, span in spans.items():
        value = reference
        for step in path.split("."):
            value = value[int(step) if isinstance(value, list) else step]
        if span.match == "inferred":
            assert path in ("type", "language")
            continue
        assert 0 <= span.start < span.end <= len(text)
        assert all(span.start <= start < end <= span.end for start, end in span.parts)
        assert (span.match == "exact") == (text[span.start : span.end] == value)
    assert confidence.keys() == reference.keys() - {"type", "language"}
    assert reference.keys() <= spans.keys()


def test_an_article():
    text, assembled = build(
        "[{citation-number:12}] {author:Okafor, A. & van der Meer, J.} ({date:2004}): „{title:Soil in the valley of "
        "the Loire}“. In: {container-title:J. Soil Sci.} {volume:Jg. 45}, {issue:H. 3}, S. {page:230–65}. "
        "{doi:10.1000/182}."
    )
    sound(text, assembled)
    assert assembled.reference == {
        "citation-number": "12",
        "author": [
            {"family": "Okafor", "given": "A."},
            {"family": "Meer", "non-dropping-particle": "van der", "given": "J."},
        ],
        "issued": {"date-parts": [[2004]]},
        "title": "Soil in the valley of the Loire",
        "container-title": "J. Soil Sci.",
        "volume": "45",
        "issue": "3",
        "page": "230-265",
        "DOI": "10.1000/182",
        "type": "article-journal",
        "language": "en",
    }
    assert assembled.spans["page"].match == "normalised"
    assert assembled.spans["volume"].match == "exact"
    assert assembled.spans["type"] is INFERRED
    assert text[assembled.spans["author.1.family"].start : assembled.spans["author.1.family"].end] == "Meer"
    assert assembled.confidence["author"] == 0.9
    assert assembled.issues == []


@pytest.mark.parametrize(
    ("marked", "key", "value"),
    [
        ("{title:Soil and} {title:water}", "title", "Soil and water"),
        ("{title:Soil} in {title:Journal of Water}", "container-title", "Journal of Water"),
        ("{title:Soil}, {container-title:Water}, also {title:Air}", "note", "Air"),
        ("{title:Soil} ({date:2004}), {note:repr.} {page:1-2} and {page:7-9}", "note", "repr; 7-9"),
        ("{date:2004}, {title:Soil}, {date:12 May}", "issued", {"date-parts": [[2004, 5, 12]]}),
        ("{author:Li, B.} on {title:Soil} with {author:Roux, C.}", "author",
         [{"family": "Li", "given": "B."}, {"family": "Roux", "given": "C."}]),
        ("{url:https://doi.org/10.1000/182}", "DOI", "10.1000/182"),
        ("{url:https://arxiv.org/abs/1501.00001}", "arXiv", "1501.00001"),
        ("{volume:T30}", "volume", "T30"),
        ("{title:Soil} {page:454}, {page:83}", "page", "454"),
        ("{page:44 p.}", "page", "44"),
        ("{edition:3rd ed.}", "edition", "3"),
        ("{edition:revised edition}", "edition", "revised edition"),
        ("{isbn:ISBN 978-3-16-148410-0}", "ISBN", "9783161484100"),
        ("{doi:not a doi}", "DOI", "not a doi"),
        ("{accessed:12.03.2009}", "accessed", {"date-parts": [[2009, 3, 12]]}),
        ("{author:———.} {title:Soil}", "author", [{"literal": "———"}]),
        ("{author:J .-Y . Roux}", "author", [{"family": "Roux", "given": "J.-Y."}]),
        ("{title:Kommuni- kation}", "title", "Kommunikation"),
        ("{author:J. D ’ Okafor}", "author", [{"family": "D’Okafor", "given": "J."}]),
        ("{author:Okafor12, A.}", "author", [{"family": "Okafor", "given": "A."}]),
        ("{title:Soil} ({date:o. J}.)", "issued", {"literal": "o. J."}),
        ("{publisher-place:Frankfurt a.M}.: {publisher:Boden}", "publisher-place", "Frankfurt a.M."),
        ("{publisher:Soil & Co}., 2004", "publisher", "Soil & Co."),
        ("{issue:3 – 4}", "issue", "3-4"),
        ("{isbn:ISBN 1-55851}", "ISBN", "1-55851"),
        ("{url:http://a.org/soil-}in- {url:valley.html} 4", "URL", "http://a.org/soil-in-valley.html"),
        ("{url:http://a.org/soil}-in- valley.html", "URL", "http://a.org/soil-in-valley.html"),
        ("{title:On “Soil}” {date:2004}", "title", "On “Soil”"),
        ("{accessed:2004}, {title:Soil}, {accessed:12 May}", "accessed", {"date-parts": [[2004, 5, 12]]}),
    ],
)  # fmt: skip
def test_fields(marked, key, value):
    text, assembled = build(marked)
    sound(text, assembled)
    assert assembled.reference[key] == value


def test_a_value_in_two_places_has_parts():
    text, assembled = build("{author:Li, B.} on {title:Soil} with {author:Roux, C.}")
    assert assembled.spans["author"] == Span(0, len(text), "normalised", ((0, 6), (len(text) - 8, len(text))))


def test_issues():
    assert [issue.code for issue in build("nothing")[1].issues] == ["no-reference"]
    two = build(
        "{author:Li, B.} {date:2004} {title:Soil} {page:1-2}; {author:Roux, C.} {date:2005} {title:Air} {page:7-9}"
    )
    assert [issue.code for issue in two[1].issues] == ["two-references"]


@pytest.mark.parametrize(
    ("marked", "several"),
    [
        ("{author:Li, B.} ({date:2004}). {title:Soil}. {author:Roux, C.} ({date:2005}). {title:Air}.", True),
        ("{editor:Li, B.} (Ed.) ({date:2004}). {title:Soil}. {editor:Roux, C.} ({date:2005}). {title:Air}.", True),
        ("{citation-number:7}. {author:Li, B.} {title:Soil}. {citation-number:8}. {author:Roux, C.} {title:Air}", True),
        ("{author:Li, B.} ({date:2004}) {title:Soil}. In {editor:Roux, C.} ({date:2005}) {container-title:Air}", False),
        ("{author:Li, B.} ({date:2004}) {title:Soil}. {author:Roux, C.} ({date:2004}) {title:Air}", False),
        ("{citation-number:7} {author:Li, B.} {title:Soil} {citation-number:9}", False),
    ],
)  # fmt: skip
def test_two_references_in_one_text(marked, several):
    assert ("two-references" in [issue.code for issue in build(marked)[1].issues]) is several


def test_a_note_repeats_nothing_and_says_something():
    assert (
        "note" not in build("{title:Soil} ({date:2004}) Available {note:at} {publisher:Boden} {date:2004}")[1].reference
    )


def test_unknown_labels_and_wild_spans_are_passed_over():
    wild = [Labelled("colour", 0, 3), Labelled("title", -5, 99), Labelled("title", 9, 2), Labelled("page", 50, 60)]
    sound("Soil", assembled := assemble("Soil", wild, today=TODAY))
    assert assembled.reference["title"] == "Soil"


PIECES = st.sampled_from(
    ["Okafor, A.", "van der Meer", " & ", ", ", "et al.", "2004", "May 12", "(", ")", "“", "S. 12–5", "10.1000/a",
     "—", "王芳", "www.x.org", "978-3-16-148410-0",
     "\0", "\u200f", "שלום", "🙂", "²", "İ", "- ", ".", "\n", "OECD", "Jr.", "MCMI", "ß"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join))


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.lists(st.tuples(st.sampled_from(LABELS), st.integers(-3, 80), st.integers(0, 60)), max_size=10))
@example("A0", [("author", 0, 2), ("author", 0, 1)])
def test_any_spans_on_any_text(text, spans):
    labelled = [Labelled(name, start, start + size) for name, start, size in sorted(spans, key=lambda s: s[1])]
    sound(text, assemble(text, labelled, today=TODAY))


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(LABELS))
def test_a_whole_text_of_one_label(text, name):
    sound(text, assemble(text, [Labelled(name, 0, len(text))], today=TODAY))


@pytest.mark.parametrize(
    "unit", ["a, b. ", "((((", "))))", "1234567890", "- ", "     ", "A. B ", "....", "王", "10.1000/", "’ "]
)
def test_time_grows_no_faster_than_the_text(unit):
    text = unit * (100_000 // len(unit))
    for name in LABELS:
        began = time.perf_counter()
        assemble(text, [Labelled(name, 0, len(text))], today=TODAY)
        assert time.perf_counter() - began < 2
