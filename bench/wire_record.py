"""What keeping the exchanges with models costs: time on one core, and bytes on disk.

python bench/wire_record.py [--exchanges 20000] [--block 64]

The exchanges are those of `bibliography` with an Ollama: its messages and schema as they are sent, another reference
and another answer each time. `streamed`: the reply comes in a line for each token.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from gleanery.cli.prompt import prompt
from gleanery.jobs.ledger.wire import WireReader, WireWriter
from gleanery.tasks.exports.jsonl import json_bytes

PLACE = "Darwin, C. (1859). On the origin of species. London: Murray."


def main() -> None:
    """Write them in blocks, read them back, and print what that took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exchanges", type=int, default=20_000)
    parser.add_argument("--block", type=int, default=64, help="records whose exchanges are written at once")
    arguments = parser.parse_args()
    sent = json.loads(CliRunner().invoke(prompt, ["bibliography", PLACE, "--json"], catch_exceptions=False).stdout)
    for streamed in (False, True):
        for block in (arguments.block, 1):
            count = arguments.exchanges if block > 1 and not streamed else arguments.exchanges // 5
            _measure(list(_exchanges(sent, count, streamed=streamed)), block, streamed=streamed)


def _measure(exchanges: list[bytes], block: int, *, streamed: bool) -> None:
    total = sum(map(len, exchanges))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.wire"
        began, cpu = time.perf_counter(), time.process_time()
        with WireWriter(path) as writer:
            for start in range(0, len(exchanges), block):
                writer.append([(f"r-{start}", [exchange]) for exchange in exchanges[start : start + block]])
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        size = path.stat().st_size
        began = time.perf_counter()
        with WireReader(path) as reader:
            same = all(said == [sent] for (_, said), sent in zip(reader.groups(), exchanges, strict=True))
        read = time.perf_counter() - began
    alone = sum(len(zlib.compress(exchange, 1)) for exchange in exchanges[:500]) / sum(map(len, exchanges[:500]))
    count = len(exchanges)
    print(
        f"{'streamed' if streamed else 'whole':8}  {block:3} a block  {total / count:7,.0f} B each  "
        f"{count / seconds:7,.0f}/s  {100 * 4000 * cpu / count:5.1f} % of a core at 4,000/s  "
        f"{size / count:6,.0f} B kept, 1 : {total / size:.1f} (zlib alone 1 : {1 / alone:.1f})  "
        f"read {count / read:,.0f}/s  {'the same' if same else 'NOT THE SAME'}"
    )


def _exchanges(sent: dict[str, Any], count: int, *, streamed: bool) -> Iterator[bytes]:
    """Exchanges as a wire record says them."""
    source = random.Random(7)
    for number in range(count):
        text, answer = _reference(source)
        asked = {"model": "qwen3:4b", "messages": sent["messages"], "stream": streamed, "format": sent["schema"]}
        body = json.dumps({**asked, "options": {"seed": 7, "num_ctx": 4096}}).replace(json.dumps(PLACE)[1:-1], text)
        reply = json.dumps(answer)
        yield json_bytes({
            "model": "ollama/qwen3:4b",
            "purpose": "chat",
            "attempt": 1,
            "began": f"2026-01-02T03:{number // 60 % 60:02}:{number % 60:02}.{source.randrange(1000):03}+00:00",
            "request": {
                "method": "POST",
                "url": "http://127.0.0.1:11434/api/chat",
                "headers": {"content-type": "application/json", "content-length": str(len(body)), "accept": "*/*"},
                "body": body,
            },
            "reply": {
                "status": 200,
                "headers": {"content-type": "application/x-ndjson", "date": "Fri, 02 Jan 2026 03:04:05 GMT"},
                "body": "\n".join(_lines(reply, source)) if streamed else _line(reply, source, done=True),
            },
            "first_byte_ms": round(300 * source.random(), 3),
            "total_ms": round(3000 * source.random(), 3),
            "usage": {"prompt": 1100 + source.randrange(99), "completion": len(reply) // 4},
            "timing": {"load_ms": 0.5, "prompt_ms": round(200 * source.random(), 3)},
            "error": None,
        })  # fmt: skip


def _lines(reply: str, source: random.Random) -> Iterator[str]:
    for start in range(0, len(reply), 4):
        yield _line(reply[start : start + 4], source, done=False)


def _line(text: str, source: random.Random, *, done: bool) -> str:
    message = {"role": "assistant", "content": text}
    created = f"2026-01-02T03:04:05.{source.randrange(10**9):09}Z"
    return json.dumps({"model": "qwen3:4b", "created_at": created, "message": message, "done": done})


def _reference(source: random.Random) -> tuple[str, dict[str, Any]]:
    """A reference that has not been there before, and its answer: its words are random, so they compress badly."""
    words = ["".join(source.choices("etaoinshrdlucmfwyp", k=source.randint(3, 9))) for _ in range(24)]
    year, pages = source.randrange(1850, 2026), f"{source.randrange(900)}-{source.randrange(900, 999)}"
    title, journal = " ".join(words[2:16]), " ".join(words[16:20])
    text = f"{words[0].title()}, {words[1].title()} ({year}). {title}. {journal} {source.randrange(99)}, {pages}."
    author = [{"family": words[0].title(), "given": words[1].title()}]
    issued = {"date-parts": [[year]]}
    answer = {"author": author, "title": title, "container-title": journal, "page": pages, "issued": issued}
    return text, {"type": "article-journal", **answer}


if __name__ == "__main__":
    main()
