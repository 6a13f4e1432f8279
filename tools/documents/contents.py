"""The documents of a folder as of one reading of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from gleanery.tools.documents.document import Passage, passage_of
from gleanery.tools.documents.entry import Entry
from gleanery.tools.documents.ranking import WordIndex


class Held(NamedTuple):
    """A file that was read: its path in the folder, what pins its content, and what was made of that."""

    source: str
    key: str
    entry: Entry


class Contents:
    """The files in the order of their paths, their passages numbered through, and what is `wrong` with files that
    could not be read."""

    def __init__(self, files: Sequence[Held] = (), wrong: Mapping[str, str] | None = None) -> None:
        self.files, self.wrong = tuple(files), dict(wrong or {})
        self._ends = list(accumulate(len(held.entry.spans) for held in self.files))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[Passage]:
        return map(self.passage, range(len(self)))

    @cached_property
    def words(self) -> WordIndex:
        """The words of all passages."""
        return WordIndex([held.entry for held in self.files])

    @cached_property
    def issues(self) -> Mapping[str, str]:
        """What is wrong with a file, or a guess in how it was read."""
        said = {held.source: held.entry.document.issue for held in self.files if held.entry.document.issue}
        return dict(sorted({**said, **self.wrong}.items()))

    @property
    def keys(self) -> list[tuple[str, str]]:
        """What the files were: two readings with the same keys are alike."""
        return [(held.source, held.key) for held in self.files]

    def passage(self, number: int) -> Passage:
        """The passage of that number."""
        file = bisect_right(self._ends, number)
        source, _, entry = self.files[file]
        start, end = map(int, entry.spans[number - (self._ends[file - 1] if file else 0)])
        return passage_of(source, entry.document, start, end)
