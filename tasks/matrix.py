"""What a generating task has to write: prompts by models by seeds by samples, a record each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any, NamedTuple

from gleanery.errors import UsageError
from gleanery.tasks.declarations import PLACEHOLDER, Task
from gleanery.tasks.records import Record

NOTHING = Record("g", 1, "")
"""The only record of a task that is given no source."""
_TOGETHER = 100
"""Records of a source that one model does before the next has its turn: servers take long to change models."""


class Cell(NamedTuple):
    """One thing to write: the prompt's number (from 1), the model, the seed that is sent, and which sample it is."""

    prompt: int
    model: str
    seed: int
    sample: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Prompts, models, seeds and samples. Every record that it gives carries its Cell by name."""

    prompts: tuple[str, ...]
    models: tuple[str, ...]
    seeds: tuple[int, ...]
    samples: int

    def __len__(self) -> int:
        return len(self.prompts) * len(self.models) * len(self.seeds) * self.samples

    def records(self, source: Iterable[Record]) -> Iterator[Record]:
        """A record for each cell: of the prompts alone where the source is NOTHING, else of each record of it.

        Where there is only one cell, the records of a source stay as they are. They come model by model.
        """
        position = 0
        records = iter(source)
        while block := list(islice(records, _TOGETHER if len(self.models) > 1 else 1)):
            if len(self) == 1 and block != [NOTHING]:
                for record in block:
                    position += 1
                    yield replace(record, position=position)
                continue
            for model in range(len(self.models)):
                for record in block:
                    for number, cell in self._cells(model):
                        position += 1
                        yield self._record(record, cell, number, position)

    def as_json(self) -> dict[str, Any]:
        """The matrix without its models, as a job keeps it."""
        return {"prompts": list(self.prompts), "seeds": list(self.seeds), "samples": self.samples}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], models: Sequence[str]) -> Matrix:
        """The matrix that `as_json` wrote, for these models."""
        return cls(tuple(value["prompts"]), tuple(models), tuple(value["seeds"]), value["samples"])

    def _cells(self, model: int) -> Iterator[tuple[int, Cell]]:
        """The cells of one model, each with its number in the matrix."""
        numbers = range(1, len(self.prompts) + 1)
        cells = product(numbers, self.seeds, range(1, self.samples + 1))
        first = model * len(self) // len(self.models)
        for number, (prompt, seed, sample) in enumerate(cells, first + 1):
            yield number, Cell(prompt, self.models[model], _seed(seed, sample), sample)

    def _record(self, record: Record, cell: Cell, number: int, position: int) -> Record:
        if record == NOTHING:
            return Record(f"g-{number}", position, self.prompts[cell.prompt - 1].strip(), cell._asdict())
        if taken := [name for name in Cell._fields if name in record.carried]:
            raise UsageError(
                f"The source has a column `{taken[0]}`, which says here what is written with which model and seed. "
                "Rename the column."
            )
        return replace(
            record, id=f"{record.id}.{number}", position=position, carried={**record.carried, **cell._asdict()}
        )


def matrix_of(task: Task, models: Sequence[str], *, seed: int | None, temperature: float | None) -> Matrix | None:
    """What a task has to write, None where it does not generate. `seed` and `temperature` are those of the settings."""
    if task.generation is None:
        return None
    said = task.generation
    matrix = Matrix(said.prompts, tuple(models), said.seeds or (1 if seed is None else seed,), said.samples)
    drawn = temperature if said.temperature is None else said.temperature
    if drawn == 0 and len(matrix.seeds) * matrix.samples > 1:
        raise UsageError(
            f"With temperature 0 every sample of a prompt is the same. Put `temperature: 0.8` into {task.file}, or ask "
            "for one sample and one seed."
        )
    return matrix


def check_source(task: Task, source: bool) -> None:
    """UsageError where a task wants a source that there is not, or there is one that it makes nothing of."""
    if task.generation is None:
        if not source:
            raise UsageError(f"Task `{task.name}` wants a source: it is of kind `{task.kind}`. Give a file of records.")
        return
    asking = next((found for prompt in task.generation.prompts if (found := PLACEHOLDER.search(prompt))), None)
    if asking and not source:
        raise UsageError(f"Task `{task.name}` wants a source: its prompt says `{asking[0]}`. Give a file of records.")
    if source and not asking:
        raise UsageError(
            f"No prompt of task `{task.name}` says `{{{{ source }}}}` or a column, so a source would change nothing. "
            f"Leave it out: gleanery generate {task.name}"
        )


def cell_of(record: Record) -> Cell | None:
    """The cell that a record carries, None where it is of no matrix."""
    values = [record.carried.get(name) for name in Cell._fields]
    types = (int, str, int, int)
    if all(type(value) is wanted for value, wanted in zip(values, types, strict=True)):
        return Cell(**{name: record.carried[name] for name in Cell._fields})
    return None


def _seed(seed: int, sample: int) -> int:
    """The seed that is sent for a sample: the first has the declared one, the others what follows from it."""
    if sample == 1:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed} {sample}".encode()).digest()[:4]) >> 1
