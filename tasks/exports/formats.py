"""The export formats, and which of them a path or an option means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from gleanery.errors import UsageError
from gleanery.tasks.exports.exporter import Exporter
from gleanery.tasks.exports.whole import is_stream


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write results down: its name, the file extensions that mean it, and how to open it on a stream.

    `open(stream, columns)`: `columns` are the declared top-level keys of the task's output; only tables need them,
    and none at all means the columns of a reference.
    """

    name: str
    extensions: tuple[str, ...]
    open: Callable[[BinaryIO, Sequence[str]], Exporter]


def format_for(path: Path | str, explicit: str | None = None) -> Format:
    """The format named `explicit`, or else the one that the path's extension means; a stream gets JSONL.

    Raises UsageError with the valid names, and the nearest of them, when there is no such format.
    """
    if explicit is not None:
        return FORMATS.get(explicit.lower()) or _refuse(f"There is no export format `{explicit}`", explicit, _NAMES)
    suffix = Path(path).suffix.lower()
    if suffix in _BY_EXTENSION:
        return _BY_EXTENSION[suffix]
    if is_stream(path):
        return FORMATS["jsonl"]
    if Path(path).is_dir():
        raise UsageError(f"{path} is a folder. Name a file in it, such as {Path(path) / 'results.jsonl'}.")
    if not suffix:
        return _refuse(f"{path}: no extension says which format to write", suffix, _EXTENSIONS)
    return _refuse(f"{path}: no export format has the extension `{suffix}`", suffix, _EXTENSIONS)


def _refuse(what: str, given: str, valid: str) -> Format:
    nearest = get_close_matches(given.lower(), valid.split(", "), n=1)
    hint = f" Did you mean `{nearest[0]}`?" if nearest else ""
    raise UsageError(f"{what}.{hint} Formats: {_NAMES}. Extensions: {_EXTENSIONS}.")


# Each exporter is imported when it is opened, so that naming the formats costs nothing.
def _jsonl(stream: BinaryIO, columns: Sequence[str]) -> Exporter:
    from gleanery.tasks.exports.jsonl import JsonlExporter

    return JsonlExporter(stream)


def _csl_json(stream: BinaryIO, columns: Sequence[str]) -> Exporter:
    from gleanery.tasks.exports.csl_json import CslJsonExporter

    return CslJsonExporter(stream)


def _bibtex(stream: BinaryIO, columns: Sequence[str]) -> Exporter:
    from gleanery.tasks.exports.bibtex import BibtexExporter

    return BibtexExporter(stream)


def _ris(stream: BinaryIO, columns: Sequence[str]) -> Exporter:
    from gleanery.tasks.exports.ris import RisExporter

    return RisExporter(stream)


def _csv(stream: BinaryIO, columns: Sequence[str]) -> Exporter:
    from gleanery.tasks.exports.table import TableExporter

    return TableExporter(stream, columns)


def _tsv(stream: BinaryIO, columns: Sequence[str]) -> Exporter:
    from gleanery.tasks.exports.table import TableExporter

    return TableExporter(stream, columns, delimiter="\t")


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        format.name: format
        for format in (
            Format("jsonl", (".jsonl", ".ndjson"), _jsonl),
            Format("csl-json", (".json",), _csl_json),
            Format("bibtex", (".bib",), _bibtex),
            Format("ris", (".ris",), _ris),
            Format("csv", (".csv",), _csv),
            Format("tsv", (".tsv",), _tsv),
        )
    }
)
_BY_EXTENSION = {extension: format for format in FORMATS.values() for extension in format.extensions}
_NAMES = ", ".join(FORMATS)
_EXTENSIONS = ", ".join(_BY_EXTENSION)
