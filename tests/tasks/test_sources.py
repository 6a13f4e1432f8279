from __future__ import annotations

import io
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gleanery.errors import SourceError, UsageError
from gleanery.tasks.records import Record
from gleanery.tasks.sources import Format, count_records, read_source

no_utf16 = st.binary(max_size=200).filter(lambda data: data[:2] not in (b"\xff\xfe", b"\xfe\xff"))
busy = st.lists(
    st.sampled_from(
        [
            b"a",
            b"\n",
            b"\r\n",
            b"\r",
            b",",
            b'"',
            b"\t",
            b"\x0b",
            b"\x0c",
            b"\xc2\x85",
            b"\xe2\x80\xa8",
            b"\x00",
            b"\xff",
            b" ",
        ]
    ),
    max_size=60,
).map(b"".join)
anything = (no_utf16 | busy).filter(lambda data: data[:2] not in (b"\xff\xfe", b"\xfe\xff"))
per_file = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def read(data: bytes, format: Format = "text", field: str | None = None) -> list[Record]:
    return list(read_source("-", format=format, field=field, stdin=io.BytesIO(data)))


def codes(record: Record) -> list[str]:
    return [issue.code for issue in record.issues]


def line_count(data: bytes) -> int:
    data = data.removeprefix(b"\xef\xbb\xbf")
    return data.count(b"\n") + (not data.endswith(b"\n") if data else 0)


@given(anything)
def test_every_line_is_one_record_in_order(data: bytes) -> None:
    for format in ("text", "jsonl"):
        records = read(data, format)
        assert len(records) == line_count(data)
        assert [record.position for record in records] == list(range(1, len(records) + 1))
        assert [record.id for record in records] == [f"r-{record.position}" for record in records]


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])), max_size=8), st.booleans())
def test_text_comes_back_as_it_was(lines: list[str], crlf: bool) -> None:
    if lines and lines[0].startswith("\ufeff"):
        lines[0] = "x" + lines[0]
    if not crlf:
        lines = [line.removesuffix("\r") for line in lines]
    data = "".join(line + ("\r\n" if crlf else "\n") for line in lines).encode()
    records = read(data)
    assert [record.text for record in records] == lines
    assert not any(record.issues for record in records)


@per_file
@given(anything)
def test_counting_agrees_with_reading(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "source"
    path.write_bytes(data)
    for format in ("text", "jsonl", "blocks"):
        assert count_records(path, format) == len(list(read_source(path, format=format)))
    try:
        expected = len(list(read_source(path, format="csv")))
    except UsageError:
        return
    assert count_records(path, "csv") == expected


@given(busy.filter(lambda data: data[:2] != b"\xff\xfe"))
def test_csv_drops_nothing(data: bytes) -> None:
    if data.startswith(b"\xef\xbb\xbf"):
        return
    records = read(b"text,other\n" + data, "csv")
    kept = "".join(record.text + "".join(map(str, record.carried.values())) for record in records)
    assert kept.count("a") == data.count(b"a")
    assert len(records) <= line_count(data)


def test_the_small_print_of_lines() -> None:
    assert read(b"") == []
    assert [record.text for record in read(b"\n\na")] == ["", "", "a"]
    assert [record.text for record in read(b"a\r\nb\rc\n\r")] == ["a", "b\rc", "\r"]
    assert [record.text for record in read(b"\xef\xbb\xbfa\n\xef\xbb\xbfb")] == ["a", "\ufeffb"]
    assert read(b"\xef\xbb\xbf") == []
    odd = "a\x0bb\x0cc\x85d\u2028e"
    assert [record.text for record in read(odd.encode())] == [odd]


def test_invalid_utf8_is_replaced_and_said() -> None:
    good, bad = read(b"caf\xc3\xa9\ncaf\xe9\n")
    assert (good.text, codes(good)) == ("café", [])
    assert (bad.text, codes(bad)) == ("caf\ufffd", ["invalid-utf8"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf16_says_how_to_convert(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffa\n".encode(encoding) if encoding.endswith("be") else "a\n".encode(encoding))
    with pytest.raises(SourceError, match="iconv -f UTF-16 -t UTF-8"):
        next(read_source(path))
    with pytest.raises(SourceError, match="iconv"):
        count_records(path)


def test_blocks() -> None:
    data = b"\n\nSmith, J. The hyphen-\r\n  ated title.\n \t\nSecond.\n\n\n\xff\nlast\xff"
    records = read(data, "blocks")
    assert [record.text for record in records] == ["Smith, J. The hyphen- ated title.", "Second.", "\ufffd last\ufffd"]
    assert [codes(record) for record in records] == [[], [], ["invalid-utf8"]]


@pytest.mark.parametrize(
    ("line", "text", "carried", "issues"),
    [
        ('{"text": "a", "n": 1}', "a", {"n": 1}, []),
        ('{"id": "x", "Raw": "a"}', "a", {"id": "x"}, []),
        ('{"other": "a", "n": [1]}', "a", {"n": [1]}, []),
        ('{"other": "a", "more": "b"}', "", {"other": "a", "more": "b"}, ["no-field"]),
        ('{"text": 5}', "", {"text": 5}, ["no-field"]),
        ('"just text"', "just text", {}, []),
        ("[1]", "[1]", {}, ["no-field"]),
        ("null", "null", {}, ["no-field"]),
        ("not json", "not json", {}, ["bad-json"]),
        ('{"text": NaN}', '{"text": NaN}', {}, ["bad-json"]),
        ("", "", {}, ["bad-json"]),
        ('{"text": "a\\ud800b"}', "a\ufffdb", {}, ["lone-surrogate"]),
        ('{"text": "\\uD83D\\uDE00"}', "😀", {}, []),
        ('{"text": "\\\\ud800"}', "\\ud800", {}, []),
        ('{"text": "\\ud83d\\ud83d\\ude00"}', "\ufffd😀", {}, ["lone-surrogate"]),
    ],
)
def test_jsonl(line: str, text: str, carried: dict[str, object], issues: list[str]) -> None:
    (record,) = read(line.encode() + b"\n", "jsonl")
    assert (record.text, record.carried, codes(record)) == (text, carried, issues)


def test_jsonl_named_field() -> None:
    here, missing, text = read(b'{"text": "t", "b": "x"}\n{"text": "t"}\n"t"\n', "jsonl", "b")
    assert (here.text, here.carried) == ("x", {"text": "t"})
    assert (missing.text, missing.carried, codes(missing)) == ("", {"text": "t"}, ["no-field"])
    assert codes(text) == ["no-field"]


def test_deep_json_is_one_bad_record() -> None:
    assert codes(read(b"[" * 100_000, "jsonl")[0]) == ["bad-json"]


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes('\ufeffid,Reference,note\r\n1,"A ""b"",\r\nc",x\r\n\r\n2\r\n3,d,y,z\r\n'.encode())
    first, empty, short, long = read_source(path)
    assert (first.text, first.carried, first.issues) == ('A "b",\r\nc', {"id": "1", "note": "x"}, ())
    assert (empty.text, codes(empty)) == ("", ["ragged-row"])
    assert (short.text, short.carried, codes(short)) == ("", {"id": "2"}, ["ragged-row"])
    assert long.carried == {"id": "3", "note": "y", "column 4": "z"}
    assert count_records(path) == 4


def test_tsv_and_single_column(tmp_path: Path) -> None:
    path = tmp_path / "A.TSV"
    path.write_text("citation\tn\na, b\t1\n", encoding="utf-8")
    assert [(record.text, record.carried) for record in read_source(path)] == [("a, b", {"n": "1"})]
    assert [record.text for record in read(b"whatever\nx\n", "csv")] == ["x"]


def test_an_open_quote_costs_one_record() -> None:
    data = b'text,n\na,1\n"b,2\nc,3\nd,4\n'
    records = read(data, "csv")
    assert [record.text for record in records] == ["a", '"b,2', "c", "d"]
    assert [codes(record) for record in records] == [[], ["bad-csv"], [], []]


def test_long_cells_are_read() -> None:
    (record,) = read(b'text\n"' + b"x" * 1_000_000 + b'"\n', "csv")
    assert len(record.text) == 1_000_000


def test_csv_usage_errors() -> None:
    with pytest.raises(UsageError, match=r"no column `titel`\. Did you mean `title`\? It has id, title\."):
        read(b"id,title\n1,a\n", "csv", "titel")
    with pytest.raises(UsageError, match=r"`--field`\. It has id, title\."):
        read(b"id,title\n1,a\n", "csv")
    with pytest.raises(SourceError, match="two columns `a`"):
        read(b"a,a\n", "csv")
    with pytest.raises(SourceError, match="no header"):
        read(b"\na\n", "csv")
    with pytest.raises(UsageError, match="Leave `--field` out"):
        read(b"a\n", "text", "a")
    assert read(b"", "csv") == []


def test_unreadable_sources(tmp_path: Path) -> None:
    (tmp_path / "refs.txt").write_text("a")
    for call in (lambda path: list(read_source(path)), count_records):
        with pytest.raises(SourceError, match=r"There is no file .*ref\.txt\. Did you mean `refs\.txt`"):
            call(tmp_path / "ref.txt")
        with pytest.raises(SourceError, match="is a folder"):
            call(tmp_path)
        with pytest.raises(SourceError, match="There is no file"):
            call(tmp_path / "none" / "a.txt")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.touch(mode=0)
    with pytest.raises(SourceError, match="may not be read"):
        list(read_source(path))


def test_pipes_are_not_counted(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert count_records(tmp_path / "pipe") is None
    assert count_records("-") is None


def test_memory_stays_flat(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    path.write_bytes((b"x" * 99 + b"\n") * 100_000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_source(path)) == 100_000
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()
