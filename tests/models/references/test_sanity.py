"""What any useful specialist finds in references that leave no doubt: the only tests that depend on how good it is."""

from typing import Any

import pytest

from gleanery import run

BOOK = "Smith, J. (1999). Title of a book. London: Verso."
ARTICLE = "Garcia, M., & Brown, T. (2015). A study of memory in mice. Journal of Neuroscience, 35(4), 123-145."


def output(reference: str) -> Any:
    (result,) = run("bibliography", [reference])
    return result.output


@pytest.mark.parametrize(("reference", "year"), [(BOOK, 1999), (ARTICLE, 2015)])
def test_the_year(reference: str, year: int) -> None:
    assert output(reference)["issued"]["date-parts"][0][0] == year


@pytest.mark.parametrize(("reference", "family"), [(BOOK, "Smith"), (ARTICLE, "Garcia")])
def test_the_first_author(reference: str, family: str) -> None:
    assert output(reference)["author"][0]["family"] == family


def test_title_and_publisher_of_a_book() -> None:
    found = output(BOOK)
    assert found["title"] == "Title of a book"
    assert found["publisher"] == "Verso"


def test_journal_and_pages_of_an_article() -> None:
    found = output(ARTICLE)
    assert found["container-title"] == "Journal of Neuroscience"
    assert found["page"] == "123-145"
