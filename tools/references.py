"""`parse_reference` and `to_bibtex`: from a reference as printed to a record, and from a record to BibTeX."""

from __future__ import annotations

import threading
from datetime import date
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from gleanery.errors import UsageError
from gleanery.tools.tool import tool

if TYPE_CHECKING:
    from gleanery.models.references.labeller import Labeller
    from gleanery.tasks.references.assemble import Assembled

LONGEST = 5_000
"""Characters of a reference."""
_loading = threading.Lock()


@tool
def parse_reference(
    reference: Annotated[str, Field(description="one bibliographic reference, as printed", max_length=LONGEST)],
) -> dict[str, Any]:
    """Parse one bibliographic reference into a CSL record: type, title, author, issued, container-title, volume, page,
    DOI and so on. Every value is printed in the reference; nothing is looked up or added. `confidence` is the chance
    (0 to 1) that all of the record is right; `issues` says what is wrong with what is printed."""
    assembled, confidence = parsed(reference)
    if not assembled.reference:
        raise UsageError("There is no reference in this text.")
    return {
        "record": assembled.reference,
        "confidence": round(confidence, 3),
        "issues": [issue.message for issue in assembled.issues],
    }


@tool
def to_bibtex(
    record: Annotated[dict[str, Any], Field(description="a CSL record, as parse_reference returns it")],
) -> str:
    """Write a CSL record as a BibTeX entry (UTF-8), with a key made of family name, year and title."""
    from gleanery.tasks.exports.bibtex import BibtexExporter
    from gleanery.tasks.records import Result

    stream = BytesIO()
    exporter = BibtexExporter(stream)
    exporter.write(Result("1", "", record, {}, {}, "ok", ""))
    if exporter.left_out:
        raise UsageError("The record names no work: it needs a title, an author or the like, in the keys of CSL.")
    return stream.getvalue().decode().strip()


def parsed(reference: str) -> tuple[Assembled, float]:
    """What the specialist makes of a reference, and the chance that all of it is right."""
    from gleanery.tasks.references.assemble import assemble

    with _loading:  # by one thread; the labeller itself may be shared
        labeller = _labeller()
    labelling = labeller(reference)
    return assemble(reference, labelling.spans, today=date.today()), labelling.confidence


@cache
def _labeller() -> Labeller:
    from gleanery.models.references.labeller import Labeller

    return Labeller()
