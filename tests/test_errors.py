"""The exception tree crosses to other processes as it is."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from gleanery import errors
from gleanery.errors import ContextWindowError, DeclarationError, GleaneryError, OverloadedError

GIVEN = {
    "DeclarationError": {"file": Path("task.yaml"), "line": 3, "key": "models"},
    "SettingsError": {"file": "GLEANERY_WIRE"},
    "OverloadedError": {"after": 2.5},
    "ContextWindowError": {"tokens": 5000, "window": 4096},
}


def _tree(kind: type[GleaneryError] = GleaneryError) -> Iterator[type[GleaneryError]]:
    if kind.__module__ == errors.__name__:
        yield kind
        for below in kind.__subclasses__():
            yield from _tree(below)


@pytest.mark.parametrize("kind", sorted((kind for kind in _tree() if kind.__name__[0] != "_"), key=str))
def test_an_error_is_the_same_on_the_other_side(kind: type[GleaneryError]) -> None:
    error = kind("It is wrong.", **GIVEN.get(kind.__name__, {}))
    error.add_note("Seen at noon.")
    crossed = pickle.loads(pickle.dumps(error))
    assert type(crossed) is kind
    assert str(crossed) == str(error)
    assert vars(crossed) == vars(error)
    assert crossed.args == error.args


def test_what_they_say_besides_their_message_is_kept() -> None:
    def crossed(error: GleaneryError) -> GleaneryError:
        return pickle.loads(pickle.dumps(error))

    wrong = crossed(DeclarationError("not a number", file="task.yaml", line=3, key="accept"))
    assert str(wrong) == "task.yaml:3: `accept`: not a number"
    assert (wrong.file, wrong.line, wrong.key) == ("task.yaml", 3, "accept")  # type: ignore[attr-defined]
    assert crossed(OverloadedError("Busy.", after=1.5)).after == 1.5  # type: ignore[attr-defined]
    assert crossed(ContextWindowError("Long.", tokens=9, window=8)).tokens == 9  # type: ignore[attr-defined]
