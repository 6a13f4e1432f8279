"""When jobs of a lost endpoint are tried again."""

from __future__ import annotations

from gleanery.jobs.waits import Waits


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_each_time_later_until_it_is_forgotten() -> None:
    clock = Clock()
    waits = Waits(clock)
    seconds = []
    for _ in range(6):
        seconds.append(waits.again("j-1", opened=False))
        assert waits.has("j-1")
        assert waits.due() == []
        clock.now += seconds[-1]
        assert waits.due() == ["j-1"]
        assert waits.due() == []
        assert not waits.has("j-1")
    assert seconds == [5, 10, 20, 40, 60, 60]
    waits.forget("j-1")
    assert waits.again("j-1", opened=True) == 5


def test_models_that_never_were_there_are_waited_for_in_vain_and_others_after_a_while() -> None:
    clock = Clock()
    waits = Waits(clock)
    waits.again("j-1", opened=False)
    waits.again("j-2", opened=True)
    assert waits.in_vain("j-1", 60)
    assert not waits.in_vain("j-2", 60)
    clock.now += 59
    waits.due()
    assert not waits.in_vain("j-1", 60)  # it is being tried
    waits.again("j-2", opened=False)
    assert not waits.in_vain("j-2", 60)
    clock.now += 1
    assert waits.in_vain("j-2", 60)
    assert not waits.in_vain("j-3", 60)
