"""A result for eyes: the input with the places of its values marked, and the values one by one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from gleanery.cli.printing import print_json, print_table, printable
from gleanery.cli.summary import STATUS_COLOURS


def print_result(result: Mapping[str, Any]) -> None:
    """The result marked up on a terminal; elsewhere as JSON."""
    if not sys.stdout.isatty():
        print_json(result)
        return
    click.echo(_title(result))
    click.echo(f"\n{marked(result['input'], result['spans'])}\n")
    if result["error"]:
        click.secho(printable(result["error"]), fg="red")
    if rows := list(_rows(result)):
        print_table(("field", "value", "sure", "in the input"), rows, right=("sure",))
    for issue in result["issues"]:
        where = f" {issue['path']}:" if issue["path"] else ""
        click.echo(f"\n{click.style(issue['code'], fg='yellow')}:{where} {printable(issue['message'])}")
    for change in result.get("changes", ()):
        said = f"{change['model']} saw {_text(change['after'])} where {_text(change['before'])} was read before."
        click.echo(f"\n{click.style(change['path'], bold=True)}: {printable(said)}")


def marked(text: str, spans: Mapping[str, Mapping[str, Any]]) -> str:
    """The text with the places of spans underlined; control characters are left out."""
    places = sorted({place for span in spans.values() for place in _places(span)})
    out, at = [], 0
    for start, end in places:
        start = max(start, at)
        if start < end:
            out += [printable(text[at:start]), click.style(printable(text[start:end]), underline=True, fg="cyan")]
            at = end
    return "".join((*out, printable(text[at:])))


def _title(result: Mapping[str, Any]) -> str:
    sure = result["confidence"].get("record")
    parts = [
        click.style(result["id"], bold=True),
        click.style(result["status"], fg=STATUS_COLOURS.get(result["status"])),
        *([] if sure is None else [f"{sure:.2f}"]),
        result["model"],
    ]
    return "  ".join(parts)


def _places(span: Mapping[str, Any]) -> Sequence[tuple[int, int]]:
    if span.get("start") is None:
        return ()
    return [(start, end) for start, end in span.get("parts") or [(span["start"], span["end"])]]


def _rows(result: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    spans, confidence = result["spans"], result["confidence"]
    for path, value in _values(result["output"], "", spans):
        sure = confidence.get(path)
        yield path or "answer", _text(value), "" if sure is None else f"{sure:.2f}", _where(spans.get(path))


def _values(value: Any, path: str, spans: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values by their paths, down to what has a span or is not made of others."""
    if path in spans or not isinstance(value, Mapping | list):
        if value is not None or path in spans:
            yield path, value
        return
    entries = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, entry in entries:
        yield from _values(entry, f"{path}.{key}" if path else str(key), spans)


def _where(span: Mapping[str, Any] | None) -> str:
    """How a value stands in the input."""
    if span is None:
        return ""
    places = " ".join(f"{start}-{end}" for start, end in _places(span))
    return f"{span['match']} {places}".rstrip()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
