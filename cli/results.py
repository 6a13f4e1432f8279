"""`gleanery show FILE:ID`: one result of a run, and with --wire what was said to models for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson

from gleanery.cli.printing import print_json
from gleanery.cli.result_view import print_result
from gleanery.errors import UsageError


def named_result(text: str) -> tuple[Path, str] | None:
    """The file and the id in `refs.jsonl:r-17`, or None where the text names no result."""
    file, colon, record = text.rpartition(":")
    path = Path(file)
    return (path, record) if colon and record and path.is_file() else None


def show_result(file: Path, record: str, *, wire: bool, as_json: bool) -> None:
    """Print a result, and the exchanges behind it if they are wanted."""
    result = _find(file, record)
    exchanges = list(_exchanges(file, record)) if wire else []
    if as_json:
        print_json({**result, "exchanges": exchanges} if wire else result)
        return
    print_result(result)
    for exchange in exchanges:
        print_exchange(exchange)
    if wire and not exchanges:
        click.echo(
            f"No exchange with a model is kept for {record}: none was asked, or `wire` did not keep it.", err=True
        )


def _find(file: Path, record: str) -> dict[str, Any]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                result = orjson.loads(line)
            except orjson.JSONDecodeError:
                raise UsageError(
                    f"{file}:{number} is no result. Name the JSONL file of a run: FILE.jsonl:ID."
                ) from None
            if isinstance(result, dict) and result.get("id") == record:
                return result
    raise UsageError(f"{file} has no result `{record}`. Ids look like r-1.")


def _exchanges(file: Path, record: str) -> Iterator[dict[str, Any]]:
    from gleanery.jobs.wire_file import read_exchanges, wire_file_of

    return read_exchanges(wire_file_of(file), record)


def print_exchange(exchange: dict[str, Any]) -> None:
    """What was sent to a model, and what came back, in full."""
    request, reply = exchange["request"], exchange["reply"]
    title = f"{exchange['purpose']} with {exchange['model']}, attempt {exchange['attempt']}, {exchange['began']}"
    click.echo("\n" + click.style(title, bold=True))
    click.echo(f"\n{request['method']} {request['url']}")
    _print_headers(request["headers"])
    click.echo(f"\n{request['body']}\n")
    click.echo(f"{reply['status'] or 'no reply'}, {exchange['total_ms']} ms")
    _print_headers(reply["headers"])
    click.echo(f"\n{reply['body'].rstrip()}")
    for key in ("usage", "timing", "error"):
        if exchange[key]:
            click.echo(f"{key}: {exchange[key] if key == 'error' else json.dumps(exchange[key])}")


def _print_headers(headers: dict[str, str]) -> None:
    for name, value in headers.items():
        click.echo(f"{name}: {value}")
