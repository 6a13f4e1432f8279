"""The jail of the file tools: no path leads out of the workspace, whatever stands in it and whoever changes it."""

import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gleanery.errors import UsageError
from gleanery.tools import workspace as room
from gleanery.tools.files import list_files, read_file, write_file
from gleanery.tools.workspace import MOST_READ, MOST_WRITTEN, Workspace

SECRET = "what nobody may see"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the workspace, with a secret."""
    folder = tmp_path / "outside"
    (folder / "deep").mkdir(parents=True)
    (folder / "secret.txt").write_text(SECRET)
    (folder / "only-outside").touch()
    (folder / "deep" / "secret.txt").write_text(SECRET)
    return folder


@pytest.fixture
def jail(tmp_path: Path, outside: Path) -> Workspace:
    """A workspace in which everything lies that could lead out of it."""
    inside = tmp_path / "inside"
    (inside / "notes").mkdir(parents=True)
    (inside / "notes" / "a.txt").write_text("first\nsecond\nthird\n")
    (inside / "to_file").symlink_to(outside / "secret.txt")
    (inside / "to_folder").symlink_to(outside)
    (inside / "to_root").symlink_to("/")
    (inside / "up").symlink_to("..")
    (inside / "self").symlink_to(".")
    (inside / "loop").symlink_to("loop")
    (inside / "dangling").symlink_to(outside / "new.txt")
    (inside / "chain").symlink_to("to_folder")
    (inside / "notes" / "to_file").symlink_to("../../outside/secret.txt")
    (inside / "notes" / "back").symlink_to("../to_folder")
    (inside / "within").symlink_to("notes")
    os.mkfifo(inside / "pipe")
    os.link(outside / "secret.txt", inside / "twin")
    return Workspace(inside)


ESCAPES = [
    "/etc/passwd",
    "//etc/passwd",
    "/",
    "/proc/self/environ",
    "/dev/zero",
    "~/.ssh/id_rsa",
    "~root/.profile",
    "..",
    "../outside/secret.txt",
    "../../etc/passwd",
    "notes/../../outside/secret.txt",
    "notes/..",
    "./../outside/secret.txt",
    "notes/./../../outside/secret.txt",
    "notes//..//..//outside/secret.txt",
    "../inside/../outside/secret.txt",
    ".//..//outside/secret.txt",
    "missing/../../outside/secret.txt",
    "to_file",
    "./to_file",
    "to_folder/secret.txt",
    "to_folder/deep/secret.txt",
    "to_folder/new.txt",
    "to_folder/made/new.txt",
    "to_folder",
    "to_root/etc/passwd",
    "to_root/tmp/gleanery-escaped",
    "up/outside/secret.txt",
    "self/to_file",
    "self/up/outside/secret.txt",
    "loop",
    "loop/a",
    "dangling",
    "chain/secret.txt",
    "notes/to_file",
    "notes/back/secret.txt",
    "within/a.txt",
    "pipe",
    "socket",
    "twin/a",
    "to_file/",
    "\0/etc/passwd",
    "notes/a.txt\0.png",
    "\\etc\\passwd",
    "notes/\n../a",
    "a" * 300,
    "a/" * 400 + "b",
    "\udcff../x",
    "",
    ".",
]


def all_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Everything in a folder as it is: modes and contents."""
    return {
        str(path): (path.lstat().st_mode, path.read_bytes() if path.is_file() and not path.is_symlink() else b"")
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("path", ESCAPES, ids=ascii)
def test_no_path_of_the_table_leads_out(
    jail: Workspace, outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    assert len(ESCAPES) >= 40
    with socket.socket(socket.AF_UNIX) as door:
        monkeypatch.chdir(tmp_path)  # the names of sockets are short
        door.bind("inside/socket")
        before = all_of(tmp_path)
        for attempt in (
            lambda: read_file(path, jail),
            lambda: write_file(path, "escaped", jail),
            lambda: write_file(path, "escaped", jail, replace=True),
        ):
            with pytest.raises(UsageError) as told:
                attempt()
            assert SECRET not in str(told.value)
            assert str(tmp_path) not in str(told.value)
        after = all_of(tmp_path)
    assert after == before
    assert not Path("/tmp/gleanery-escaped").exists()


@pytest.mark.parametrize(
    "path", ["..", "/", "to_folder", "to_root", "up", "chain", "notes/back", "loop", "pipe", "~", "missing"]
)
def test_no_folder_outside_is_listed(jail: Workspace, path: str) -> None:
    with pytest.raises(UsageError):
        list_files(jail, path)


_NAMES = ["..", ".", "", "notes", "a.txt", "to_file", "to_folder", "to_root", "up", "self", "chain", "back", "within"]
_NAMES += [
    "outside",
    "secret.txt",
    "deep",
    "inside",
    "etc",
    "passwd",
    "twin",
    "pipe",
    "new",
    "~",
    "\0",
    "..\\",
    "...",
    "．．",
]
PATHS = st.one_of(st.lists(st.sampled_from(_NAMES), max_size=8).map("/".join), st.text(max_size=40))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=PATHS, replace=st.booleans())
def test_whatever_the_path_nothing_outside_is_read_or_changed(
    jail: Workspace, outside: Path, path: str, replace: bool
) -> None:
    before = all_of(outside)
    with suppress(UsageError):
        # `twin` is a file of the workspace that somebody has given a second name: it may be read, not written.
        assert "twin" in path or read_file(path, jail) != SECRET
    with suppress(UsageError):
        assert not any("only-outside" in str(entry["path"]) for entry in list_files(jail, path))
    with suppress(UsageError):
        write_file(path, "escaped", jail, replace=replace)
    assert all_of(outside) == before


def test_what_is_inside_is_read_written_and_listed(jail: Workspace, tmp_path: Path) -> None:
    assert read_file("notes/a.txt", jail) == read_file("./notes//a.txt", jail) == "first\nsecond\nthird\n"
    assert read_file("notes/a.txt", jail, 2) == "second\nthird\n"
    assert write_file("new/deep/b.txt", "Émile", jail) == "Wrote new/deep/b.txt: 6 bytes."
    written = tmp_path / "inside" / "new" / "deep" / "b.txt"
    assert (written.read_text(), stat.S_IMODE(written.stat().st_mode)) == ("Émile", 0o600)
    assert list_files(jail) == [{"path": "new/"}, {"path": "notes/"}, {"path": "twin", "bytes": len(SECRET)}]
    assert list_files(jail, "new/deep") == [{"path": "new/deep/b.txt", "bytes": 6}]
    assert [path.name for path in written.parent.iterdir()] == ["b.txt"]


def test_a_file_is_replaced_only_if_that_is_said(jail: Workspace) -> None:
    with pytest.raises(UsageError, match="there already"):
        write_file("notes/a.txt", "other", jail)
    assert read_file("notes/a.txt", jail).startswith("first")
    assert write_file("notes/a.txt", "other", jail, replace=True) == "Replaced notes/a.txt: 5 bytes."
    assert read_file("notes/a.txt", jail) == "other"
    with pytest.raises(UsageError, match="is a folder"):
        write_file("notes", "x", jail, replace=True)
    with pytest.raises(UsageError, match="other names too"):
        write_file("twin", "x", jail, replace=True)


def test_of_two_who_write_the_same_new_file_one_is_told(jail: Workspace) -> None:
    told: list[str] = []
    gate = threading.Barrier(8)

    def write(number: int) -> None:
        gate.wait()
        try:
            told.append(write_file("same.txt", str(number), jail))
        except UsageError as error:
            told.append(str(error))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(text.split()[0] for text in told) == ["Wrote", *["`same.txt`"] * 7]


def test_sizes_are_limited(jail: Workspace, tmp_path: Path) -> None:
    with (tmp_path / "inside" / "big.txt").open("wb") as file:
        file.truncate(MOST_READ + 1)
    with pytest.raises(UsageError, match="too many to read"):
        read_file("big.txt", jail)
    with pytest.raises(UsageError, match="Write less"):
        write_file("more.txt", "x" * (MOST_WRITTEN + 1), jail)
    (tmp_path / "inside" / "picture").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(UsageError, match="not a text in UTF-8"):
        read_file("picture", jail)
    with pytest.raises(UsageError, match="none is number 9"):
        read_file("notes/a.txt", jail, 9)


def test_no_descriptor_is_left_open(jail: Workspace) -> None:
    def tried() -> int:
        for path in (*ESCAPES, "notes/a.txt", "notes/new.txt"):
            with suppress(UsageError):
                read_file(path, jail)
            with suppress(UsageError):
                write_file(path, "x", jail, replace=True)
            with suppress(UsageError):
                list_files(jail, path)
        return len(list(Path("/dev/fd").iterdir()))

    assert tried() == tried()


def test_a_disk_that_is_full_leaves_what_was_there(jail: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room.os, "fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        write_file("notes/a.txt", "other", jail, replace=True)
    assert read_file("notes/a.txt", jail).startswith("first")
    assert [entry["path"] for entry in list_files(jail, "notes")] == ["notes/a.txt"]


@pytest.fixture
def swapping(jail: Workspace, outside: Path, tmp_path: Path) -> Iterator[Path]:
    """`swapped` is by turns a folder of the workspace and a link out of it, as fast as can be."""
    inside = tmp_path / "inside"
    (inside / "real").mkdir()
    (inside / "real" / "secret.txt").write_text("harmless")
    (inside / "link").symlink_to(outside)
    ended = threading.Event()

    def swap() -> None:
        here = inside / "swapped"
        for number in count():
            for name in ("real", "link"):
                with suppress(OSError):
                    if here.is_dir() and not here.is_symlink():
                        here.rename(inside / f"made{number}{name}")  # by who wrote there while nothing stood there
                    (inside / name).rename(here)
                    here.rename(inside / name)
            if ended.is_set():
                return

    thread = threading.Thread(target=swap)
    thread.start()
    yield inside
    ended.set()
    thread.join()


def test_a_folder_swapped_for_a_link_leads_nowhere(jail: Workspace, outside: Path, swapping: Path) -> None:
    before = all_of(outside)
    answers = set()
    for number in range(1500):
        try:
            answers.add(read_file("swapped/secret.txt", jail))
        except UsageError:
            answers.add("refused")
        with suppress(UsageError):
            write_file(f"swapped/new{number % 7}.txt", "x", jail, replace=True)
    assert answers <= {"harmless", "refused"}
    assert all_of(outside) == before


@pytest.mark.parametrize("instead", ["link", "pipe"])
def test_a_file_swapped_after_it_was_looked_at_is_not_followed(
    jail: Workspace, outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instead: str
) -> None:
    file = tmp_path / "inside" / "notes" / "a.txt"
    looked = os.stat

    def then_swapped(*arguments: object, **options: object) -> os.stat_result:
        found = looked(*arguments, **options)  # type: ignore[call-overload]
        file.unlink(missing_ok=True)
        if instead == "link":
            file.symlink_to(outside / "secret.txt")
        else:
            os.mkfifo(file)
        return found  # type: ignore[no-any-return]

    before = all_of(outside)
    with monkeypatch.context() as patched:
        patched.setattr(room.os, "stat", then_swapped)
        with pytest.raises(UsageError):
            read_file("notes/a.txt", jail)
    with monkeypatch.context() as patched:
        file.unlink()
        file.write_text("first")
        patched.setattr(room.os, "stat", then_swapped)
        with suppress(UsageError):
            write_file("notes/a.txt", "mine", jail, replace=True)
    assert all_of(outside) == before
