"""The wire record of a job: what was appended comes back byte for byte, small, and whatever happened to the file."""

import json
import os
import random
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gleanery.errors import LedgerError
from gleanery.jobs.ledger.blocks import MAGIC, BlockReader, Damage
from gleanery.jobs.ledger.wire import WireReader, WireWriter, read_group, read_groups, wire_file
from gleanery.models.wire import Exchange
from gleanery.tasks.exports.jsonl import json_bytes

PROMPT = 'You extract references. Answer with JSON: {"title": "..."}\n' + " ".join(f"Rule {n}." for n in range(500))
Groups = list[tuple[str | None, list[bytes]]]


def exchange(text: str, turns: Sequence[str] = ()) -> bytes:
    """An exchange as a chat model's: the text between a long prompt and a schema."""
    messages = [{"role": "system", "content": PROMPT}, {"role": "user", "content": text}]
    messages += [{"role": "assistant", "content": turn} for turn in turns]
    body = {"messages": messages, "format": {"properties": {f"field-{n}": {"type": "string"} for n in range(100)}}}
    made = Exchange("m", "chat", 1, "POST", "http://h/api/chat", {"accept": "*/*"}, json.dumps(body), "2026-01-02")
    made.reply = json.dumps({"answer": text[::-1]})
    return json_bytes(made.as_json())


def numbered(start: int, end: int) -> Groups:
    return [(f"r-{n}", [exchange(f"text {n}")]) for n in range(start, end)]


def written(path: Path, *appends: Groups) -> list[int]:
    with WireWriter(path) as writer:
        return [place for groups in appends for place in writer.append(groups)]


def read(path: Path) -> Groups:
    with WireReader(path) as reader:
        return [(record, list(exchanges)) for record, exchanges in reader.groups()]


def blocks(path: Path) -> list[int | Damage]:
    with BlockReader(path) as reader:
        return list(reader.scan())


def test_groups_come_back(tmp_path: Path) -> None:
    path = wire_file(tmp_path, "j-abc234")
    groups: Groups = [(None, [exchange("probe")]), ("r-1", [exchange("a"), exchange("b")]), ("r-2", [])]
    places = written(path, groups, numbered(3, 40))
    assert len(places) == 40 and sorted(places) == places
    assert read(path) == groups + numbered(3, 40)
    record, exchanges = read_group(path, places[1])
    assert (record, exchanges) == ("r-1", [json.loads(exchange("a")), json.loads(exchange("b"))])
    assert read_group(path, places[39]) == ("r-39", [json.loads(exchange("text 39"))])
    assert [record for record, _ in read_groups(path)][:3] == [None, "r-1", "r-2"]


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = wire_file(tmp_path, "j-abc234")
    written(path, numbered(0, 1))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("at_once", [1, 100])
def test_what_repeats_is_stored_once(tmp_path: Path, at_once: int) -> None:
    source = random.Random(3)
    groups: Groups = [(f"r-{n}", [exchange(source.randbytes(100).hex())]) for n in range(200)]
    written(tmp_path / "x.wire", *(groups[n : n + at_once] for n in range(0, 200, at_once)))
    each = len(groups[0][1][0])
    assert each > 8000
    # Of each, 200 bytes are left to chance (forwards and backwards), and cannot be made smaller.
    assert (tmp_path / "x.wire").stat().st_size < 200 * 450 + 2 * each
    assert read(tmp_path / "x.wire") == groups


def test_a_prompt_beyond_the_sight_of_zlib_is_stored_once_too(tmp_path: Path) -> None:
    prompt = random.Random(4).randbytes(100_000).hex()
    texts = [json_bytes({"request": {"body": f"{prompt} {n} {prompt}"}, "reply": {}}) for n in range(50)]
    groups: Groups = [(None, [text]) for text in texts]
    written(tmp_path / "x.wire", *([group] for group in groups))
    assert (tmp_path / "x.wire").stat().st_size < 500_000
    assert read(tmp_path / "x.wire") == groups


def test_a_conversation_that_grows_is_stored_once(tmp_path: Path) -> None:
    source = random.Random(5)
    turns = [source.randbytes(500).hex() for _ in range(60)]
    group = [exchange("go", turns[:n]) for n in range(60)]
    assert sum(map(len, group)) > 2_000_000
    (place,) = written(tmp_path / "x.wire", [("r-1", group)])
    assert (tmp_path / "x.wire").stat().st_size < 60_000
    assert read_group(tmp_path / "x.wire", place)[1] == [json.loads(one) for one in group]


_bodies = st.sampled_from(["", "a", "prompt " * 50, "prompt " * 50 + "x", "y" + "prompt " * 49, '"},"reply":', '\\"é'])
_exchange = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda one, two, more: f'{{"body":"{one}{more}{two}"}},"reply":{more}'.encode(), _bodies, _bodies, st.text()
    ),
)
_groups = st.lists(st.tuples(st.none() | st.text(), st.lists(_exchange, max_size=4)), max_size=5)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(_groups, max_size=4), min_size=1, max_size=3))
def test_whatever_is_appended_comes_back(sessions: list[list[Groups]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.wire"
        places = [place for appends in sessions for place in written(path, *appends)]
        groups = [group for appends in sessions for groups in appends for group in groups]
        assert read(path) == groups
        with WireReader(path) as reader:
            for place, group in zip(reversed(places), reversed(groups), strict=True):
                assert reader.group(place) == group


def test_a_torn_end_is_left_out_and_then_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "x.wire"
    written(path, numbered(0, 3))
    whole = path.stat().st_size
    written(path, numbered(3, 4))
    everything = path.read_bytes()
    for size in (*range(1, whole, 97), *range(whole, len(everything), 11), len(everything) - 1):
        path.write_bytes(everything[:size])
        left = read(path)
        assert left == numbered(0, len(left))
        assert size < whole or len(left) == 3
        written(path, numbered(7, 9))
        assert read(path) == left + numbered(7, 9)
        assert all(isinstance(found, int) for found in blocks(path))


def test_an_end_that_never_reached_the_disk_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "x.wire"
    written(path, numbered(0, 3))
    whole = path.stat().st_size
    written(path, numbered(3, 4))
    size = path.stat().st_size
    os.truncate(path, whole + 30)
    os.truncate(path, size + 100_000)  # lengths were kept, and bytes are zero
    written(path, numbered(7, 8))
    assert read(path) == numbered(0, 3) + numbered(7, 8)
    assert all(isinstance(found, int) for found in blocks(path))


@pytest.mark.parametrize("offset", [0, 4, 8, 12, 30], ids=["mark", "length", "checksum", "dictionary", "payload"])
def test_a_damaged_middle_is_said_and_what_follows_stays(tmp_path: Path, offset: int) -> None:
    path = tmp_path / "x.wire"
    places = written(path, *([group] for group in numbered(0, 9)))
    # The fourth begins a dictionary; the third, which is damaged, nobody needs.
    start, end = blocks(path)[2:4]
    assert isinstance(start, int) and isinstance(end, int)
    damaged = bytearray(path.read_bytes())
    damaged[start + offset] ^= 0xFF
    path.write_bytes(damaged)
    places += written(path, numbered(9, 11))
    assert Damage(start, end, torn=False) in blocks(path)
    with pytest.raises(LedgerError, match=f"damaged at byte {start}.*Results are not affected"):
        read_group(path, places[2])
    assert [read_group(path, place)[0] for place in places[:2] + places[3:]] == [
        f"r-{n}" for n in (0, 1, *range(3, 11))
    ]
    with pytest.raises(LedgerError, match="damaged"):
        read(path)


_WRITES = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_wire_record import numbered
from gleanery.jobs.ledger.wire import WireWriter

writer = WireWriter(Path(sys.argv[1]))
for n in range(10**6):
    print(n, *writer.append(numbered(n, n + 1)), flush=True)
"""


def test_killed_while_it_writes(tmp_path: Path) -> None:
    path = tmp_path / "x.wire"
    for delay in (0, 7, 60):
        before = read(path) if path.exists() else []
        command = [sys.executable, "-c", _WRITES, str(path), str(Path(__file__).parent)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(1 + delay)]
            os.kill(process.pid, signal.SIGKILL)
            said += process.stdout.readlines()
        for line in said:
            if line.endswith("\n"):
                number, place = map(int, line.split())
                assert read_group(path, place)[0] == f"r-{number}"
        left = read(path)
        assert left == before + numbered(0, len(left) - len(before))
        assert len(left) - len(before) >= len(said) - 1


@contextmanager
def room_for(bytes_: int) -> Iterator[None]:
    """No file may grow beyond that: the kernel refuses as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_and_what_was_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.wire"
    with WireWriter(path) as writer:
        writer.append(numbered(0, 5))
        size = path.stat().st_size
        with room_for(size + 50), pytest.raises(LedgerError, match="cannot be written: the disk is full"):
            writer.append(numbered(5, 90))
        assert path.stat().st_size == size
        writer.append(numbered(5, 8))  # there is room again
    assert read(path) == numbered(0, 8)
    with room_for(4), pytest.raises(LedgerError, match="the disk is full"):
        WireWriter(tmp_path / "other.wire")


def test_nothing_refers_to_what_a_full_disk_did_not_take(tmp_path: Path) -> None:
    path = tmp_path / "x.wire"
    with WireWriter(path) as writer:
        for start in range(4):  # also where a block would have been a dictionary
            for _ in range(3):
                with room_for(path.stat().st_size + 50), pytest.raises(LedgerError):
                    writer.append([(None, [exchange("something else" * 900)])])
            writer.append([("long", [exchange("something else" * 900)]), *numbered(start, start + 1)])
    assert [exchanges for record, exchanges in read(path) if record == "long"] == [
        [exchange("something else" * 900)]
    ] * 4
    assert all(isinstance(found, int) for found in blocks(path))


def test_what_is_no_wire_record(tmp_path: Path) -> None:
    path = tmp_path / "x.wire"
    with pytest.raises(LedgerError, match="is not there"):
        read_group(path, 0)
    with pytest.raises(LedgerError, match="cannot be written"):
        WireWriter(tmp_path)
    path.write_bytes(b"something else, and long enough")
    for attempt in (lambda: read_group(path, 0), lambda: WireWriter(path)):
        with pytest.raises(LedgerError, match="is not a wire record"):
            attempt()
    assert path.read_bytes() == b"something else, and long enough"
    path.write_bytes(MAGIC.replace(b"1", b"2"))
    with pytest.raises(LedgerError, match="newer version of Gleanery"):
        WireWriter(path)


@pytest.mark.parametrize("place", [0, 5 << 16, (16 << 16) + 9, 10**9 << 16, -1])
def test_a_place_at_which_nothing_begins(tmp_path: Path, place: int) -> None:
    written(tmp_path / "x.wire", numbered(0, 3))
    with pytest.raises(LedgerError):
        read_group(tmp_path / "x.wire", place)
