# ruff: noqa: E501, SIM905 -- references and their pieces read best on one line
"""`gleanery.run`, the one path to results: nothing dropped, nothing invented, the same whoever asks."""

import asyncio
import io
import random
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gleanery
import gleanery.errors
from gleanery import Record, Result, load_task, run
from gleanery.errors import DeclarationError, ModelError, SourceError, UsageError
from gleanery.staging import specialist_for
from gleanery.tasks.exports.jsonl import JsonlExporter

TODAY = date(2024, 6, 1)
AGENT = specialist_for(load_task("bibliography"), TODAY)
REFERENCES = [
    "Smith, J. (1999). Title of a book. London: Verso.",
    "[12] Vaswani A, Shazeer N, Parmar N, et al. Attention is all you need. Adv Neural Inf Process Syst 2017;30:5998-6008.",
    "Beck, Ulrich (1986): Risikogesellschaft. Auf dem Weg in eine andere Moderne. Frankfurt a. M.: Suhrkamp.",
    "Иванов И. И., Петров П. П. Название статьи // Вопросы истории. 1985. № 4. С. 12–30.",
    "田中太郎『日本の歴史』岩波書店、2001年、230-65頁。",
    "كتاب التاريخ، محمد علي، القاهرة، ١٩٨٥",
    "———. “Second work.” In The Book, ed. A. van der Berg, 230–65. https://doi.org/10.1000/182. ISBN 978-0-306-40615-7.",
    "References",
    "",
    "Miller 😀, A. B. 2020. Emoji 🎉 study. arXiv:2001.01234 [cs.CL], accessed 3 May 2021.",
]
PIECES = [
    *(word for reference in REFERENCES for word in reference.split()),
    *"( ) [ ] { } “ ” « » ‘ ’ \" ' , . ; : - – — / // & et al. in In: ed. (Eds.), vol. no. pp. p. S. Bd. hrsg. v.".split(),
    *"10.1000/ doi: https:// www. 1999a 2099 n.d. [1999] 12-3 5-1 1,234 XIV 978-3 arXiv: PMID: ² Ⅷ ﬁ é e\u0301 ß İ".split(),
    *("\u00ad", "\u200b", "\u200f", "\u2028", "\ufffd", "\x00", "\x1b[31m", "\t", "\u00a0", "\u3000", "​"),
]


def value_at(output: Any, path: str) -> Any:
    """What a span's path means in an output: `author.0.family`."""
    for key in path.split("."):
        output = output[int(key)] if isinstance(output, list) else output[key]
    return output


def letters(text: str) -> set[str]:
    return {c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalpha()}


def check(result: Result, text: str) -> None:
    """What holds for every result, whatever its input was."""
    assert result.input == text
    assert result.status in ("ok", "review"), result.error
    assert bool(result.issues) == (result.status == "review")
    assert set(result.output) <= set(result.spans)
    assert set(result.confidence) - {"record"} <= set(result.output)
    for path, span in result.spans.items():
        value = value_at(result.output, path)
        if span.start is None or span.end is None:
            assert (path, span.match) in {("type", "inferred"), ("language", "inferred")}
            continue
        assert 0 <= span.start < span.end <= len(text), path
        assert all(span.start <= start < end <= span.end for start, end in span.parts), path
        printed = text[span.start : span.end]
        assert printed.strip(), path
        assert (span.match == "exact") == (value == printed), path
        if isinstance(value, str):
            assert letters(value) <= letters(printed), path


def lines(results: Iterator[Result]) -> list[bytes]:
    """The lines of the JSONL export, without their ids."""
    out = []
    for result in results:
        stream = io.BytesIO()
        JsonlExporter(stream).write(replace(result, id="r"))
        out.append(stream.getvalue())
    return out


# Nothing is dropped


ODD = {
    "empty file": (b"", []),
    "one empty line": (b"\n", [""]),
    "no final newline": (b"a\nb", ["a", "b"]),
    "empty lines": (b"\n\nA. B. 1999.\n\n", ["", "", "A. B. 1999.", ""]),
    "header": (b"References\n==========\nA. B. 1999.\n", ["References", "==========", "A. B. 1999."]),
    "NUL": (b"A\x00B 1999\n\x00\n", ["A\x00B 1999", "\x00"]),
    "invalid UTF-8": (b"M\xfcller 1999\n\xc3\n", ["M\ufffdller 1999", "\ufffd"]),
    "control characters": (b"\x1b[31mA\x07\x08\n\x7f\x9b\n", ["\x1b[31mA\x07\x08", "\x7f\ufffd"]),
    "RTL": ("محمد، ١٩٨٥\n\u202eabc\u202c\n".encode(), ["محمد، ١٩٨٥", "\u202eabc\u202c"]),
    "emoji": ("👩‍👩‍👧 2001 🎉\n".encode(), ["👩‍👩‍👧 2001 🎉"]),
    "100 kB of words": (b"word, 1999. " * 8500 + b"\nb\n", ["word, 1999. " * 8500, "b"]),
    "100 kB of one word": (b"x" * 100_000, ["x" * 100_000]),
    "100 kB of digits": (b"1" * 100_000, ["1" * 100_000]),
    "100 kB of brackets": (b"(a)" * 33_000, ["(a)" * 33_000]),
    "CRLF": (b"a\r\nb\r\n", ["a", "b"]),
    "lone CR": (b"a\rb\nc\r", ["a\rb", "c\r"]),
    "other line ends": ("a\u2028b\u2029c\x0bd\x0ce\x1cf\x85g\n".encode(), ["a\u2028b\u2029c\x0bd\x0ce\x1cf\x85g"]),
    "byte order mark": (b"\xef\xbb\xbfa\nb\n", ["a", "b"]),
}


@pytest.mark.parametrize(("content", "texts"), ODD.values(), ids=ODD)
def test_every_line_gets_one_result_in_order(content: bytes, texts: list[str], tmp_path: Path) -> None:
    file = tmp_path / "odd.txt"
    file.write_bytes(content)
    results = list(run("bibliography", file, date=TODAY))
    assert [result.id for result in results] == [f"r-{number}" for number in range(1, len(texts) + 1)]
    for result, text in zip(results, texts, strict=True):
        check(result, text)


def byte_strings(count: int, seed: int) -> list[bytes]:
    """Random bytes, and random pieces of references, none of which holds a line's end."""
    source = random.Random(seed)
    strings = []
    for number in range(count):
        if number % 2:
            string = source.choice([" ", ""]).join(source.choices(PIECES, k=source.randrange(16))).encode()
        else:
            string = source.randbytes(source.randrange(40))
        strings.append(string.replace(b"\n", b"").rstrip(b"\r"))
    return strings


def test_values_are_not_invented() -> None:
    strings = [b"", *byte_strings(9999, seed=7)]
    results = run("bibliography", "-", stdin=io.BytesIO(b"".join(string + b"\n" for string in strings)), date=TODAY)
    for string, result in zip(strings, results, strict=True):
        check(result, string.decode(errors="replace"))
        orjson.dumps(result.as_json())


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(codec=None), max_size=80) | st.lists(st.sampled_from(PIECES), max_size=16).map(" ".join))
def test_no_text_at_all_fails(text: str) -> None:
    (result,) = AGENT([Record("r-1", 1, text)])
    check(result, text)
    assert lines(iter([result]))


# The same whoever asks


def test_lines_do_not_depend_on_slices_order_or_threads() -> None:
    texts = REFERENCES * 2 + [string.decode(errors="replace") for string in byte_strings(60, seed=3)]
    together = lines(run("bibliography", texts, date=TODAY))
    for size in (1, 7, 64):
        parts = [texts[at : at + size] for at in range(0, len(texts), size)]
        if size == 1:
            parts = parts[:12]
        apart = [line for part in parts for line in lines(run("bibliography", part, date=TODAY))]
        assert apart == together[: len(apart)]
    assert lines(run("bibliography", texts, date=TODAY, threads=2)) == together
    order = random.Random(5).sample(range(len(texts)), len(texts))
    shuffled = lines(run("bibliography", [texts[at] for at in order], date=TODAY, threads=2))
    assert shuffled == [together[at] for at in order]


def test_arun_gives_what_run_gives() -> None:
    async def collected() -> list[Result]:
        return [result async for result in gleanery.arun("bibliography", REFERENCES * 4, date=TODAY)]

    assert lines(iter(asyncio.run(collected()))) == lines(run("bibliography", REFERENCES * 4, date=TODAY))


def test_arun_leaves_the_loop_free() -> None:
    opened = threading.Event()

    def source() -> Iterator[str]:
        yield REFERENCES[0]
        assert opened.wait(20), "the loop was blocked while the source waited"
        yield REFERENCES[1]

    async def both() -> int:
        asyncio.get_running_loop().call_later(0.1, opened.set)
        return len([result async for result in gleanery.arun("bibliography", source())])

    assert asyncio.run(both()) == 2


def test_arun_gives_what_came_before_an_error() -> None:
    def source() -> Iterator[str]:
        yield from REFERENCES[:3]
        raise OSError("disk")

    async def collected() -> list[Result]:
        results = []
        with pytest.raises(OSError, match="disk"):
            async for result in gleanery.arun("bibliography", source()):
                results.append(result)
        return results

    assert len(asyncio.run(collected())) == 3


@pytest.mark.parametrize("threads", [1, 2])
def test_arun_that_is_cancelled_closes_its_source(threads: int) -> None:
    waiting, closed = threading.Event(), threading.Event()
    go_on = threading.Event()

    def source() -> Iterator[str]:
        try:
            yield REFERENCES[0]
            waiting.set()
            go_on.wait(20)
            yield from REFERENCES * 100
        finally:
            closed.set()

    async def cancelled() -> None:
        async def consume() -> None:
            async for _ in gleanery.arun("bibliography", source(), threads=threads):
                pass

        task = asyncio.create_task(consume())
        await asyncio.to_thread(waiting.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    go_on.set()
    assert closed.wait(20)


# What may be asked


def test_a_task_by_name_path_and_declaration() -> None:
    task = load_task("bibliography")
    for named in ("bibliography", task.file, str(task.file), task.file.parent, task):
        (result,) = run(named, REFERENCES[:1])
        assert result.model == "embedded/references"


def test_sources_of_every_kind(tmp_path: Path) -> None:
    text = REFERENCES[0]
    (tmp_path / "a.txt").write_text(text)
    (tmp_path / "a.csv").write_text(f'key,citation\nk1,"{text}"\n')
    (tmp_path / "a.jsonl").write_text(orjson.dumps({"key": "k1", "raw": text}).decode())
    (tmp_path / "a.blocks").write_text("Smith, J. (1999).\nTitle of a book. London: Verso.\n\n")
    record = Record("mine", 1, text, {"key": "k1"})
    for results in (
        run("bibliography", tmp_path / "a.txt"),
        run("bibliography", str(tmp_path / "a.csv"), field="citation"),
        run("bibliography", tmp_path / "a.jsonl"),
        run("bibliography", tmp_path / "a.blocks", format="blocks"),
        run("bibliography", "-", stdin=io.BytesIO(text.encode())),
        run("bibliography", iter([text])),
        run("bibliography", [record]),
    ):
        (result,) = results
        assert result.input == text
    assert result.id == "mine"
    assert result.carried == {"key": "k1"}


def test_an_item_that_is_no_text_is_refused_after_those_before_it() -> None:
    results = run("bibliography", ["a", b"b"])  # type: ignore[list-item]
    assert next(results).input == "a"
    with pytest.raises(UsageError, match="Item 2 of the source is of type bytes"):
        next(results)


def test_years_are_judged_by_the_date_that_is_given() -> None:
    def codes(day: date) -> set[str]:
        (result,) = run("bibliography", ["Smith, J. (2031). Title of a book. London: Verso."], date=day)
        return {issue.code for issue in result.issues}

    assert "year-in-future" in codes(date(2024, 6, 1))
    assert "year-in-future" not in codes(date(2031, 6, 1))


@pytest.mark.parametrize("model", ["embedded/reference", "ollama/qwen3:4b"])
def test_a_model_that_is_not_there(model: str) -> None:
    with pytest.raises(ModelError, match=model) as raised:
        run("bibliography", REFERENCES, model=model)
    assert raised.value.exit_code == 3


def test_a_task_whose_answer_is_no_reference() -> None:
    task = replace(load_task("bibliography"), output="title, year int")
    with pytest.raises(ModelError, match="schema:Reference"):
        run(task, REFERENCES)


def test_wrong_names_are_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises((DeclarationError, UsageError), match="bibliography"):
        run("bibliografy", REFERENCES)
    (tmp_path / "references.txt").write_text("a")
    with pytest.raises(SourceError, match=r"references\.txt"):
        next(run("bibliography", tmp_path / "reference.txt"))


# The package


def test_public_names_are_listed_and_there() -> None:
    assert set(gleanery.__all__) <= set(dir(gleanery))
    assert list(gleanery.__all__) == sorted(gleanery.__all__)
    for name in gleanery.__all__:
        assert getattr(gleanery, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        gleanery.nothing  # noqa: B018


def test_every_error_can_be_caught_by_its_name_in_the_package() -> None:
    errors = {
        name for name, value in vars(gleanery.errors).items() if isinstance(value, type) and name.endswith("Error")
    }
    errors.discard("_FileError")
    assert errors == {name for name in gleanery.__all__ if name.endswith("Error")}
    assert all(getattr(gleanery, name) is getattr(gleanery.errors, name) for name in errors)
