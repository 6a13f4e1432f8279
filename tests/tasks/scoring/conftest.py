"""A reference that is parsed as the bibliography task parses it, to be scored."""

from collections.abc import Callable

import pytest

from gleanery.tasks.records import Result, Span, Status

RAW = "van Gogh, V., & NASA (Eds. Roe, J.) 1999-2000. Painting stars. J. Paint 7(2): 230-65. https://doi.org/10.1/ab"


def span(value: str, source: str = RAW) -> Span:
    start = source.index(value)
    return Span(start, start + len(value), "exact")


@pytest.fixture
def parsed() -> Result:
    """A result with a particle, a corporate author, a range of years, short pages, and a DOI inside a URL."""
    return Result(
        id="r-1",
        input=RAW,
        output={
            "type": "article-journal",
            "author": [{"family": "Gogh", "non-dropping-particle": "van", "given": "V."}, {"literal": "NASA"}],
            "editor": [{"family": "Roe", "given": "J."}],
            "issued": {"date-parts": [[1999], [2000]]},
            "title": "Painting Stars",
            "container-title": "Journal of Painting",
            "volume": "7",
            "issue": "2",
            "page": "230-265",
            "DOI": "10.1/ab",
            "URL": "https://doi.org/10.1/ab",
        },
        spans={
            "type": Span(None, None, "inferred"),
            "author": span("van Gogh, V., & NASA"),
            "author.0.family": span("Gogh"),
            "author.0.non-dropping-particle": span("van"),
            "author.0.given": span("V."),
            "author.1.literal": span("NASA"),
            "editor.0.family": span("Roe"),
            "editor.0.given": span("J.)"),
            "issued": span("1999-2000"),
            "title": span("Painting stars"),
            "container-title": span("J. Paint"),
            "volume": span("7"),
            "issue": span("2)"),
            "page": span("230-65"),
            "DOI": span("10.1/ab"),
            "URL": span("https://doi.org/10.1/ab"),
        },
        confidence={"title": 0.99, "issued": 0.7, "record": 0.6},
        status="ok",
        model="embedded/references",
    )


@pytest.fixture
def plain() -> Callable[..., Result]:
    """Builds a result whose values stand nowhere in its input, so that they are scored as they are."""

    def build(status: Status = "ok", confidence: dict[str, float] | None = None, **values: str) -> Result:
        output = {key.replace("_", "-"): value for key, value in values.items()}
        return Result("r-1", "raw", output, {}, confidence or {}, status, "test/model")

    return build
