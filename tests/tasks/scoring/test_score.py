"""The figures of a small gold file, computed by hand, and what must hold for any."""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gleanery.tasks.records import Result
from gleanery.tasks.scoring.comparisons import Compared, compare, compare_fields
from gleanery.tasks.scoring.evaluation import worst
from gleanery.tasks.scoring.fields import FIELDS
from gleanery.tasks.scoring.gold import Gold
from gleanery.tasks.scoring.predictions import Prediction
from gleanery.tasks.scoring.score import Figures, report

EMPTY = Result("r-1", "raw", None, {}, {}, "failed", "test/model")


def compared(fields: dict[str, Any], predicted: dict[str, Any], source: str = "mine") -> Compared:
    gold = Gold(1, source, "raw", fields)
    return Compared(gold, EMPTY, compare_fields(gold, Prediction(raw="raw", fields=predicted, printed={})))


def test_figures_by_hand() -> None:
    first = compared({"title": "A b", "year": "1999", "volume": "7"}, {"title": "a B.", "year": "1998", "issue": "2"})
    second = compared({"title": "C", "year": "2000"}, {"title": "C", "year": "2000"})
    overall = report([first, second]).overall
    soft, strict = overall.matches["soft"], overall.matches["strict"]
    assert soft.fields == {
        "title": Figures(100.0, 100.0, 100.0, 2),
        "year": Figures(50.0, 50.0, 50.0, 2),
        "volume": Figures(0.0, 0.0, 0.0, 1),
        "issue": Figures(0.0, 0.0, 0.0, 0),
    }
    assert soft.micro == Figures(60.0, 60.0, 60.0, 5)  # 3 right of 5 given, of 5 wanted
    assert (soft.macro_f1, soft.instance) == (37.5, 50.0)
    assert strict.micro == Figures(40.0, 40.0, 40.0, 5)
    assert strict.fields["title"] == Figures(50.0, 50.0, 50.0, 2)


def test_precision_and_recall_differ() -> None:
    micro = report([compared({"title": "A", "year": "1999", "volume": "7"}, {"title": "A", "year": "1"})]).overall
    assert micro.matches["soft"].micro == Figures(50.0, 33.33, 40.0, 3)


def test_only_annotated_fields_count_in_their_source_and_overall() -> None:
    bare = compared({"title": "A", "doi": "10.1/a"}, {"title": "A", "url": "u"}, "bir2024")
    scores = report([bare, compared({"title": "A"}, {"title": "A", "url": "u"})])
    assert scores.by_source["bir2024"].matches["strict"].micro.f1 == 100.0
    assert scores.by_source["mine"].matches["strict"].micro == Figures(50.0, 100.0, 66.67, 1)
    assert scores.overall.matches["strict"].micro == Figures(66.67, 100.0, 80.0, 2)


def test_names_are_compared_as_the_gold_has_them(parsed: Result) -> None:
    literal = compare(Gold(1, "mine", "raw", {"author": ["van Gogh, V. and NASA"]}), parsed)
    persons = compare(Gold(1, "mine", "raw", {"author": [{"family": "van Gogh"}, {"family": "NASA"}]}), parsed)
    assert [row.matches >= {"soft"} for row in (literal.fields[0], persons.fields[0])] == [True, True]
    assert persons.fields[0].predicted == "van Gogh NASA"


def test_the_worst_come_first_and_the_right_not_at_all() -> None:
    right, bad = compared({"title": "A"}, {"title": "A"}), compared({"title": "A"}, {"title": "B"})
    worse = compared({"title": "A", "year": "1"}, {})
    assert worst([right, bad, worse], "soft", 9) == [worse, bad]
    assert worst([right, bad, worse], "soft", 1) == [worse]


VALUES = st.dictionaries(st.sampled_from(FIELDS), st.text("ab1 -.", min_size=1, max_size=6), max_size=5)
PAIRS = st.lists(st.tuples(VALUES, VALUES, st.sampled_from(["mine", "bir2024"])), min_size=1, max_size=6)


@settings(deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=6))
def test_gold_itself_is_perfect(references: list[dict[str, str]]) -> None:
    for score in report([compared(fields, fields) for fields in references]).overall.matches.values():
        assert score.instance == 100.0
        assert all(figures.f1 == 100.0 for figures in score.fields.values())


@settings(deadline=None)
@given(PAIRS, st.randoms())
def test_order_does_not_matter(pairs: list[tuple[Any, Any, str]], random: Any) -> None:
    references = [compared(*pair) for pair in pairs]
    shuffled = random.sample(references, len(references))
    assert report(references).as_json() == report(shuffled).as_json()


@settings(deadline=None)
@given(PAIRS)
def test_figures_are_percentages_and_looser_matches_score_no_less(pairs: list[tuple[Any, Any, str]]) -> None:
    matches = report([compared(*pair) for pair in pairs]).overall.matches
    for score in matches.values():
        shown = [*score.fields.values(), score.micro]
        assert all(0 <= value <= 100 for row in shown for value in (row.precision, row.recall, row.f1))
        assert 0 <= score.macro_f1 <= 100
        assert 0 <= score.instance <= 100
    assert matches["strict"].micro.f1 <= matches["soft"].micro.f1 <= matches["lev"].micro.f1


def test_a_result_is_compared_by_its_values(plain: Callable[..., Result]) -> None:
    fields = compare(Gold(1, "mine", "raw", {"location": "Bern"}), plain(publisher_place="Bern")).fields
    assert [(row.field, row.gold, row.predicted) for row in fields] == [("location", "Bern", "Bern")]
