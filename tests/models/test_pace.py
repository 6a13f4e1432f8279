"""A model is known to be quick after some replies, and by the slowest of them."""

from hypothesis import given
from hypothesis import strategies as st

from gleanery.models.pace import ENOUGH, MARGIN, Pace


def paced(*seconds: float) -> Pace:
    pace = Pace()
    for one in seconds:
        pace.saw(one)
    return pace


def test_nothing_is_known_before_some_replies() -> None:
    assert not paced(*[0.1] * (ENOUGH - 1)).quick(100)
    assert paced(*[0.1] * ENOUGH).quick(100)


@given(st.lists(st.floats(0.001, 10), min_size=ENOUGH, max_size=40))
def test_the_slowest_decides(seconds: list[float]) -> None:
    pace = paced(*seconds)
    assert pace.quick(MARGIN * max(seconds) * 1.01)
    assert not pace.quick(MARGIN * seconds[-1] * 0.99)


def test_a_slow_start_is_forgotten() -> None:
    pace = paced(60, *[0.1] * ENOUGH)
    assert not pace.quick(120)
    for _ in range(200):
        pace.saw(0.1)
    assert pace.quick(120)
