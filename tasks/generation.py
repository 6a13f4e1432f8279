"""What a task of kind `generate` declares: prompts, seeds, samples and checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gleanery.tasks.checks import Check, FunctionCheck, read_checks
from gleanery.tasks.entries import Entries

KEYS = ("prompts", "seeds", "samples", "temperature", "checks")
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Generation:
    """What is written, and how often: each prompt for each model and seed, `samples` times.

    `seeds` None: that of the settings. `temperature` None: that of the settings. `duplicates` is the likeness, 0 to 1,
    from which a later answer of the batch counts as one that is there already; None: nobody looks.
    """

    prompts: tuple[str, ...]
    seeds: tuple[int, ...] | None = None
    samples: int = 1
    temperature: float | None = None
    checks: tuple[Check, ...] = ()
    duplicates: float | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The Python files that its checks are in."""
        return tuple(check.file for check in self.checks if isinstance(check, FunctionCheck))


def read_generation(entries: Entries, folder: Path, checked: Callable[[str, str], str]) -> Generation:
    """What the declaration says. `checked` is given a prompt's key and text, and gives the text, or says what is wrong
    with it."""
    checks, duplicates = read_checks(entries, folder)
    return Generation(
        prompts=_prompts(entries, checked),
        seeds=_seeds(entries),
        samples=entries.whole("samples", 1) if "samples" in entries else 1,
        temperature=_temperature(entries),
        checks=checks,
        duplicates=duplicates,
    )


def refuse_generation(entries: Entries, kind: str) -> None:
    """Says of the keys of a generating task that another kind has none."""
    for key in KEYS:
        if key in entries:
            raise entries.error(key, f"is for tasks of kind `generate`, and this one is `{kind}`. Take it out.")


def _prompts(entries: Entries, checked: Callable[[str, str], str]) -> tuple[str, ...]:
    if ("prompt" in entries) == ("prompts" in entries):
        key = "prompts" if "prompts" in entries else "kind"
        raise entries.error(key, "`generate` needs a `prompt`, or a list of `prompts`: one of the two.")
    if "prompt" in entries:
        return (checked("prompt", entries.text("prompt")),)
    return tuple(checked("prompts", prompt) for prompt in entries.texts("prompts"))


def _seeds(entries: Entries) -> tuple[int, ...] | None:
    """The seeds; a number stands for so many of them, from 1."""
    if "seeds" not in entries:
        return None
    if entries.is_a("seeds", "list"):
        seeds = entries.wholes("seeds")
        if len(set(seeds)) < len(seeds):
            raise entries.error("seeds", "one seed stands there twice. Keep one: it would give the same again.")
        return seeds
    count = entries.whole("seeds", 1)
    if count > _MOST:
        raise entries.error("seeds", f"{count:,} seeds are too many: at most {_MOST:,}.")
    return tuple(range(1, count + 1))


def _temperature(entries: Entries) -> float | None:
    if "temperature" not in entries:
        return None
    temperature = entries.number("temperature")
    if not 0 <= temperature <= 10:
        raise entries.error("temperature", f"must lie between 0 and 10, and is {temperature:g}.")
    return temperature
