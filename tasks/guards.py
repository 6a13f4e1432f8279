"""The guards that a task declares: who looks at its inputs and its answers, and by what rule."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from gleanery.tasks.checks import function_at, pattern_at
from gleanery.tasks.entries import Entries

Style = Literal["granite-guardian", "llama-guard", "shieldgemma", "minicheck"]
Side = Literal["input", "output"]
_RULE = ("forbid", "require", "longest")
_MODEL = ("model", "style", "policy")


@dataclass(frozen=True, slots=True)
class RuleGuard:
    """The text is refused where it has `forbid`, lacks `require` (regular expressions), or is longer than `longest`
    characters."""

    forbid: str | None = None
    require: str | None = None
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class FunctionGuard:
    """A function of a Python file beside the task: `name(text)` or `name(text, columns)`, None or why it is refused."""

    file: Path
    name: str


@dataclass(frozen=True, slots=True)
class ModelGuard:
    """A guard model, asked in its own style. `policy` is what it judges by, where the style lets one say that."""

    model: str
    style: Style
    policy: str | None = None


Guard = RuleGuard | FunctionGuard | ModelGuard


@dataclass(frozen=True, slots=True)
class Guards:
    """Those of a task's inputs and those of its answers, in the order in which they are asked."""

    input: tuple[Guard, ...] = ()
    output: tuple[Guard, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The Python files that they are in."""
        return tuple(guard.file for guard in (*self.input, *self.output) if isinstance(guard, FunctionGuard))


def read_guards(entries: Entries, folder: Path) -> Guards:
    """The guards at the key `guard` of a declaration."""
    said = entries.below("guard")
    said.only(get_args(Side), required=(), later={})
    if not said.keys:
        raise entries.error("guard", "needs an `input` or an `output`.")
    sides = {side: _guards(said, cast(Side, side), folder) for side in said.keys}
    return Guards(**sides)


def _guards(said: Entries, side: Side, folder: Path) -> tuple[Guard, ...]:
    return tuple(
        FunctionGuard(*function_at(said, side, part, folder)) if isinstance(part, str) else _guard(said, side, part)
        for part in said.parts(side)
    )


def _guard(said: Entries, side: Side, part: Entries) -> Guard:
    if "model" in part:
        return _model(part, side)
    part.only((*_RULE, *_MODEL), required=(), later={})
    if not part.keys or any(key in part for key in _MODEL):
        raise said.error(side, "must have `forbid`, `require` or `longest`, or `model` and `style`, or be a function.")
    return RuleGuard(
        forbid=pattern_at(part, "forbid") if "forbid" in part else None,
        require=pattern_at(part, "require") if "require" in part else None,
        longest=part.whole("longest", 1) if "longest" in part else None,
    )


def _model(part: Entries, side: Side) -> ModelGuard:
    part.only(_MODEL, required=("style",), later=dict.fromkeys(_RULE, "is a rule's: give the rule as another guard."))
    model = part.text("model").strip()
    provider, slash, name = model.partition("/")
    if not (provider and slash and name):
        raise part.error("model", f"`{model}` is no model: write provider/name, like `ollama/llama-guard3:1b`.")
    style = cast(Style, part.choice("style", get_args(Style)))
    if style == "minicheck" and side == "input":
        raise part.error("style", "`minicheck` compares an answer with its source: it is for `output`.")
    if "policy" in part and style not in ("granite-guardian", "shieldgemma"):
        raise part.error("policy", f"`{style}` takes no policy: it judges by its own. Take it out.")
    return ModelGuard(model, style, part.text("policy").strip() if "policy" in part else None)
