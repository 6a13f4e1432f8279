"""What a source grammar costs and keeps: answers from random weights, free, by schema and by source grammar.

    python bench/grammar.py [--answers 1000] [--model FILE.gguf] [--words 60]

Random weights want nothing of what the grammars allow, so they show the worst: every token is chosen anew. Values
outside the source must be 0 with a source grammar. By schema alone their texts hardly ever end.

Without --model a tiny model of four thousand tokens is made up; GBNF costs in proportion to the vocabulary, so a real
model's file gives other figures. The other ms are the median of an answer's time beside its tokens: reading the prompt
and the grammar.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1] / "tests"
TOKENS = 400


@dataclass(slots=True)
class Figures:
    """What became of the answers of one kind."""

    answers: int = 0
    finished: int = 0
    values: int = 0
    outside: int = 0
    tokens: int = 0
    milliseconds: float = 0.0
    rest: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        rest = sorted(self.rest)[len(self.rest) // 2]
        return (
            f"{self.answers:6,} {self.finished:8,} {self.values:8,} {self.outside:8,} "
            f"{self.milliseconds / self.tokens:11.3f} {rest:11.2f}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=1000)
    parser.add_argument("--model", type=Path, help="a GGUF file; default: random weights")
    parser.add_argument("--words", type=int, default=60, help="words in a source")
    options = parser.parse_args()
    sys.path[:0] = [str(TESTS), str(TESTS / "tasks"), str(Path(__file__).parent)]
    from llama_cpp import start
    from servers.tiny_gguf import write_tiny_gguf

    with tempfile.TemporaryDirectory() as folder:
        server = start(options.model or write_tiny_gguf(Path(folder) / "tiny.gguf"))
        sources = _sources(Path(folder), options.words, options.answers)
        grammar = _grammar()
        kinds: dict[str, Figures] = {}
        for seed, source in enumerate(sources):
            for name, constraint in _constraints(source, grammar):
                _ask(server, source, seed, constraint, kinds.setdefault(name, Figures()))
    print(f"{options.answers:,} answers, {options.words} words in a source, one thread")
    print(f"{'':8} answers finished   values  outside    ms/token    other ms")
    for name, figures in kinds.items():
        print(f"{name:8}  {figures}")
    _generation(grammar, sources[0])
    if kinds["source"].outside:
        sys.exit("There are values outside the source.")


def _sources(folder: Path, words: int, count: int) -> list[str]:
    """Made-up references, cut to so many words each."""
    from speed import made_up

    text = made_up(folder / "references.txt", max(50, count * words // 20)).read_text(encoding="utf-8").split()
    return [" ".join(text[place * words : (place + 1) * words]) for place in range(count)]


def _grammar() -> Any:
    """The source grammar of answers in which something has to be said."""
    from gleanery.tasks.grammar.source import SourceGrammar

    return SourceGrammar(_schema())


def _schema() -> dict[str, Any]:
    from gleanery.tasks.references.reference import Reference

    return {**Reference.model_json_schema(), "required": ["type", "author", "title", "container-title", "page", "note"]}


def _constraints(source: str, grammar: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    from xllamacpp import json_schema_to_grammar

    yield "free", {}
    yield "schema", {"grammar": json_schema_to_grammar(_schema())}
    yield "source", {"grammar": grammar.for_source(source)}


def _ask(server: Any, source: str, seed: int, constraint: dict[str, Any], figures: Figures) -> None:
    from llama_cpp import ask

    request = {
        "messages": [{"role": "user", "content": source}],
        "max_tokens": TOKENS,
        "temperature": 1.0,
        "cache_prompt": False,
        "seed": seed,
        **constraint,
    }
    began = time.perf_counter()
    reply = ask(server, request)
    seconds = time.perf_counter() - began
    timings, choice = reply["timings"], reply["choices"][0]
    figures.answers += 1
    figures.tokens += timings["predicted_n"]
    figures.milliseconds += timings["predicted_ms"]
    figures.rest.append(1000 * seconds - timings["predicted_ms"])
    if constraint and choice["finish_reason"] == "stop":
        answer = json.loads(choice["message"]["content"])
        values = list(_texts({key: value for key, value in answer.items() if key != "type"}))
        figures.finished += 1
        figures.values += len(values)
        figures.outside += sum(value not in source for value in values)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(one)


def _generation(grammar: Any, source: str) -> None:
    seconds = []
    for _ in range(20):
        began = time.perf_counter()
        text = grammar.for_source(source)
        seconds.append(time.perf_counter() - began)
    print(f"a grammar is made in {1000 * min(seconds):.2f} ms and has {len(text):,} characters")


if __name__ == "__main__":
    main()
