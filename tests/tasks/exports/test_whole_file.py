import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gleanery.errors import ExportError
from gleanery.tasks.exports.whole import whole_file

WRITER = """
import sys, time
from gleanery.tasks.exports.whole import whole_file
with whole_file(sys.argv[1]) as stream:
    stream.write(b"new" * 100_000)
    stream.flush()
    print("half", flush=True)
    time.sleep(60)
"""


def write(path, data=b"new") -> None:
    with whole_file(path) as stream:
        stream.write(data)


def test_the_file_is_there_when_the_block_has_ended_and_not_before(tmp_path):
    path = tmp_path / "out.jsonl"
    with whole_file(path) as stream:
        stream.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.jsonl"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit, OSError])
def test_whatever_is_raised_leaves_what_stood_there(tmp_path, error):
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old")
    with pytest.raises(error), whole_file(path) as stream:
        stream.write(b"new")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_process_leaves_what_stood_there(tmp_path, how):
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old")
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout.readline() == b"half\n"
        os.kill(process.pid, how)
    assert process.returncode != 0
    assert path.read_bytes() == b"old"
    left = [entry for entry in tmp_path.iterdir() if entry != path]
    assert len(left) == (1 if how == signal.SIGKILL else 0)


def test_the_mode_is_the_umasks_or_that_of_the_file_replaced(tmp_path):
    new, old = tmp_path / "new", tmp_path / "old"
    old.touch()
    old.chmod(0o600)
    before = os.umask(0o027)
    try:
        write(new)
        write(old)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (new, old)] == [0o640, 0o600]


def test_a_link_keeps_pointing_and_its_target_is_replaced(tmp_path):
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "out.csv", tmp_path / "link.csv"
    link.symlink_to(target)
    write(link, b"one")
    write(link, b"two")
    assert link.is_symlink()
    assert target.read_bytes() == b"two"


def test_pipes_and_devices_are_written_directly(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    write(fifo)
    reader.join(10)
    assert read == [b"new"]
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    write("/dev/null")
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize("path", ["-", "/dev/stdout"])
def test_standard_output_stays_open(path, capfdbinary):
    write(path)
    write(path)
    assert capfdbinary.readouterr().out == b"newnew"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
def test_a_full_disk_is_said():
    with pytest.raises(ExportError, match="/dev/full: the disk is full"):
        write("/dev/full")


def test_a_missing_folder_is_said_before_any_work(tmp_path):
    with pytest.raises(ExportError, match="mkdir -p"):
        write(tmp_path / "none" / "out.jsonl")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ExportError, match=r"is a folder. Name a file in it, such as .*results\.jsonl"):
        write(tmp_path)


@pytest.mark.parametrize("forbidden", ["folder", "file"])
def test_a_missing_permission_is_said(tmp_path, monkeypatch, forbidden):
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old")
    # The tests may run as root, to whom everything is permitted.
    refused = {"folder": tmp_path, "file": path}[forbidden]
    monkeypatch.setattr(os, "access", lambda place, mode: place != refused)
    with pytest.raises(ExportError, match="no permission to write there"):
        write(path)
    assert path.read_bytes() == b"old"


def test_a_name_too_long_is_said(tmp_path):
    with pytest.raises(ExportError, match="cannot be written: File name too long"):
        write(tmp_path / ("x" * 300))
    assert not list(tmp_path.iterdir())
