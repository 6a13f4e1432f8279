"""Inputs as Records, one by one: text, blocks, JSONL and CSV, from a file or standard input.

Whatever a line is, it gives exactly one Record, in order: one that cannot be read as its format says becomes a Record
with an Issue. Memory holds one record at a time. A line ends at LF or CRLF and nowhere else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Literal

import orjson

from gleanery.errors import SourceError, UsageError
from gleanery.tasks.nearest import did_you_mean
from gleanery.tasks.records import Issue, Record

Format = Literal["auto", "text", "blocks", "jsonl", "csv"]

_BY_SUFFIX: dict[str, Format] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "csv"}
_FIELDS = ("text", "raw", "reference", "input", "citation")
_BUFFER = 1 << 20
_LONGEST_CELL = 1 << 24
_INVALID_UTF8 = Issue("invalid-utf8", None, "Bytes that are not UTF-8 were replaced by U+FFFD.")
_LONE_SURROGATE = Issue("lone-surrogate", None, "Half characters (lone surrogates) were replaced by U+FFFD.")
# Every escape of a JSON string, so that no escaped backslash is taken for the start of one; group 1: half a pair.
_ESCAPE = re.compile(r"(?i)\\(?:ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(ud[89a-f][0-9a-f]{2})|.)")


@dataclass(frozen=True, slots=True)
class _Content:
    """A Record before it is numbered."""

    text: str
    issues: tuple[Issue, ...] = ()
    carried: Mapping[str, Any] = field(default_factory=dict)


def read_source(
    source: str | Path, *, format: Format = "auto", field: str | None = None, stdin: BinaryIO | None = None
) -> Iterator[Record]:
    """The Records of a file, or of standard input for "-"; ids are `r-1`, `r-2`, and so on.

    `auto` goes by the extension, else takes text. `field` names the JSONL key or CSV column that holds the text. What
    is wrong with the source as a whole is raised at the first record: SourceError, or UsageError for a wrong `field`.
    """
    for position, content in enumerate(_contents(source, format, field, stdin), 1):
        yield Record(f"r-{position}", position, content.text, content.carried, content.issues)


def count_records(source: str | Path, format: Format = "auto") -> int | None:
    """How many Records a file gives; None for standard input and pipes, which can be read only once."""
    path = Path(source)
    if str(source) == "-" or (path.exists() and not path.is_file() and not path.is_dir()):
        return None
    form = _format(source, format)
    if form in ("text", "jsonl"):
        return _count_lines(path)
    if form == "blocks":
        return sum(1 for _ in _blocks(_lines(source, None)))
    return max(0, sum(1 for _ in _rows(_lines(source, None), _delimiter(source))) - 1)


def _format(source: str | Path, format: Format) -> Format:
    return _BY_SUFFIX.get(Path(source).suffix.lower(), "text") if format == "auto" else format


def _delimiter(source: str | Path) -> str:
    return "\t" if Path(source).suffix.lower() == ".tsv" else ","


def _contents(source: str | Path, format: Format, field: str | None, stdin: BinaryIO | None) -> Iterator[_Content]:
    form = _format(source, format)
    if field is not None and form in ("text", "blocks"):
        raise UsageError(f"A field is named for JSONL and CSV, but {source} is read as {form}. Leave `--field` out.")
    lines = _lines(source, stdin)
    if form == "jsonl":
        return (_from_json(*_decode(_bare(line)), field) for line in lines)
    if form == "csv":
        return _from_csv(source, lines, field)
    if form == "blocks":
        return _blocks(lines)
    return (_Content(*_decode(_bare(line))) for line in lines)


# Lines


def _lines(source: str | Path, stdin: BinaryIO | None) -> Iterator[bytes]:
    """Lines with their ends, without a byte order mark."""
    path = Path(source)
    try:
        with nullcontext(stdin or sys.stdin.buffer) if str(source) == "-" else path.open("rb", _BUFFER) as stream:
            first = _without_mark(source, stream.readline())
            if first:
                yield first
            yield from stream
    except OSError as error:
        raise _unreadable(path, error) from None


def _without_mark(source: str | Path, first: bytes) -> bytes:
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = "Standard input" if str(source) == "-" else str(source)
        raise SourceError(f"{name} is UTF-16, and must be UTF-8. Convert it: iconv -f UTF-16 -t UTF-8 IN > OUT")
    return first.removeprefix(b"\xef\xbb\xbf")


def _unreadable(path: Path, error: OSError) -> SourceError:
    if isinstance(error, FileNotFoundError):
        near = did_you_mean(path.name, _siblings(path))
        return SourceError(f"There is no file {path}.{near or ' Give the path of a file, or - for standard input.'}")
    if isinstance(error, IsADirectoryError):
        return SourceError(f"{path} is a folder. Name a file in it, or send them all through `cat` to `-`.")
    if isinstance(error, PermissionError):
        return SourceError(f"{path} may not be read by you. Ask its owner for leave (`ls -l` shows who that is).")
    return SourceError(f"{path} cannot be read: {error.strerror or error}.")


def _siblings(path: Path) -> list[str]:
    try:
        return [entry.name for entry in islice(path.parent.iterdir(), 1000)]
    except OSError:
        return []


def _bare(line: bytes) -> bytes:
    """The line without its end; a CR that no LF follows is part of the text."""
    if line.endswith(b"\n"):
        return line[:-2] if line.endswith(b"\r\n") else line[:-1]
    return line


def _decode(line: bytes) -> tuple[str, tuple[Issue, ...]]:
    try:
        return line.decode(), ()
    except UnicodeDecodeError:
        return line.decode(errors="replace"), (_INVALID_UTF8,)


def _count_lines(path: Path) -> int:
    """Counts LFs, and the last line if it has none; the marks of UTF-8 and UTF-16 are seen to as in reading."""
    count, last = 0, b"\n"
    try:
        with path.open("rb") as stream:
            block = _without_mark(path, stream.read(_BUFFER))
            while block:
                count, last = count + block.count(b"\n"), block[-1:]
                block = stream.read(_BUFFER)
    except OSError as error:
        raise _unreadable(path, error) from None
    return count + (last != b"\n")


# Blocks


def _blocks(lines: Iterable[bytes]) -> Iterator[_Content]:
    """Paragraphs between blank lines, their lines joined by a space."""
    texts: list[str] = []
    issues: dict[Issue, None] = {}
    for line in lines:
        text, found = _decode(line)
        if text.strip():
            texts.append(text.strip())
            issues |= dict.fromkeys(found)
        elif texts:
            yield _Content(" ".join(texts), tuple(issues))
            texts, issues = [], {}
    if texts:
        yield _Content(" ".join(texts), tuple(issues))


# JSONL


def _from_json(line: str, issues: tuple[Issue, ...], field: str | None) -> _Content:
    try:
        value, mended = _load(line)
    except orjson.JSONDecodeError as error:
        reason = f"The line is not JSON: {error.msg}." if line.strip() else "The line is empty, and so not JSON."
        return _Content(line, (*issues, Issue("bad-json", None, reason)))
    issues += (_LONE_SURROGATE,) if mended else ()
    if isinstance(value, str) and field is None:
        return _Content(value, issues)
    if not isinstance(value, dict):
        return _Content(line, (*issues, Issue("no-field", None, "The line is JSON, but no object with a text field.")))
    texts = [key for key, item in value.items() if isinstance(item, str)]
    name = field if field is not None else _usual(texts)
    if name is None or name not in texts:
        reason = f"The object has no text field `{name}`." if name else "It is not clear which field holds the text."
        return _Content("", (*issues, Issue("no-field", None, reason)), value)
    return _Content(value.pop(name), issues, value)


def _load(line: str) -> tuple[Any, bool]:
    """The line's JSON value, and whether lone surrogates were replaced in it."""
    try:
        return orjson.loads(line), False
    except orjson.JSONDecodeError:
        mended = _ESCAPE.sub(lambda escape: "\\ufffd" if escape[1] else escape[0], line)
        if mended == line:
            raise
        return orjson.loads(mended), True


def _usual(names: Sequence[str]) -> str | None:
    """The name that holds the text where nobody said so: a usual one, or the only one."""
    for usual in _FIELDS:
        for name in names:
            if name.casefold() == usual:
                return name
    return names[0] if len(names) == 1 else None


# CSV


@dataclass(frozen=True, slots=True)
class _Row:
    """A row's cells, or None where `raw`, the line as it stands, is no CSV for the reason in `issues`."""

    raw: str
    cells: list[str] | None
    issues: tuple[Issue, ...]


def _from_csv(source: str | Path, lines: Iterable[bytes], field: str | None) -> Iterator[_Content]:
    rows = _rows(lines, _delimiter(source))
    header = next(rows, None)
    if header is None:
        return
    columns = _columns(source, header)
    column = _column(source, columns, field)
    for row in rows:
        if row.cells is None:
            yield _Content(row.raw, row.issues)
            continue
        issues = row.issues
        if len(row.cells) != len(columns):
            reason = f"The row has {len(row.cells)} cells, the header {len(columns)}."
            issues += (Issue("ragged-row", None, reason),)
        names = columns + [f"column {number}" for number in range(len(columns) + 1, len(row.cells) + 1)]
        carried = dict(zip(names, row.cells, strict=False))
        yield _Content(carried.pop(column, ""), issues, carried)


def _columns(source: str | Path, header: _Row) -> list[str]:
    if not header.cells:
        raise SourceError(f"{source} has no header: its first line must name the columns.")
    columns = [name.strip() or f"column {number}" for number, name in enumerate(header.cells, 1)]
    for name in columns:
        if columns.count(name) > 1:
            raise SourceError(f"{source} has two columns `{name}`. Rename one.")
    return columns


def _column(source: str | Path, columns: list[str], field: str | None) -> str:
    if field is None:
        column = _usual(columns)
        if column is None:
            raise UsageError(f"Say which column of {source} holds the text: `--field`. It has {', '.join(columns)}.")
        return column
    if field not in columns:
        near = did_you_mean(field, columns)
        raise UsageError(f"{source} has no column `{field}`.{near} It has {', '.join(columns)}.")
    return field


def _rows(lines: Iterable[bytes], delimiter: str) -> Iterator[_Row]:
    """The rows of a CSV file, the header among them.

    Where the csv module gives up on a row, its first line alone is wrong and reading goes on with the next, so that a
    quote which is never closed costs one record and not the rest of the file.
    """
    import csv

    # The module's own limit (128 KiB) is less than a paper's full text; ours bounds what an open quote can swallow.
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
    ahead = iter(lines)
    taken: list[bytes] = []
    again: list[bytes] = []

    def feed() -> Iterator[str]:
        while True:
            line = again.pop() if again else next(ahead, None)
            if line is None:
                return
            taken.append(line)
            yield _decode(line)[0]

    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            text, issues = _decode(_bare(taken[0]))
            yield _Row(text, None, (*issues, Issue("bad-csv", None, f"The line is not CSV: {error}.")))
            again.extend(reversed(taken[1:]))
            taken.clear()
            reader = csv.reader(feed(), delimiter=delimiter, strict=True)
            continue
        if cells is None:
            return
        text, issues = _decode(_bare(b"".join(taken)))
        taken.clear()
        yield _Row(text, cells, issues)
