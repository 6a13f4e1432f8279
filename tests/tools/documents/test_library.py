"""A folder is searched as it is now; what is found can be traced to its place."""

from __future__ import annotations

import math
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pdf_files import column, pdf

from gleanery.errors import SourceError
from gleanery.tasks.grounding import ground
from gleanery.tools.documents import library as room
from gleanery.tools.documents.library import Library

BEES = "Bees live in hives. They gather nectar and make honey of it. A hive has one queen."
WASPS = "Wasps build nests of paper. They hunt other insects, and some live in the ground."
LONG_AGO = 1_700_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    (folder / "sub").mkdir(parents=True)
    (folder / "bees.txt").write_text(BEES)
    (folder / "sub" / "wasps.md").write_text(WASPS)
    return folder


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the files that were opened, and of what was made anew."""
    seen: list[str] = []

    def noting(name: str, function: Callable[..., object]) -> None:
        def noted(first: object, *rest: object) -> object:
            seen.append(f"{name} {first.name}" if isinstance(first, Path) else name)
            return function(first, *rest)

        monkeypatch.setattr(room, function.__name__, noted)

    noting("open", room.read_content)
    noting("read", room.read_document)
    yield seen


def settled(folder: Path) -> None:
    """The files have not been touched for long."""
    for path in folder.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))


def test_what_has_more_of_the_rarer_words_comes_first(folder: Path) -> None:
    found = Library(folder).search("honey of bees that live")
    assert [passage.source for passage in found] == ["bees.txt", "sub/wasps.md"]
    assert (found[0].text, found[0].start, found[0].end, found[0].id) == (BEES, 0, len(BEES), f"bees.txt:0-{len(BEES)}")
    assert [p.source for p in Library(folder).search("NÉSTS")] == ["sub/wasps.md"]
    assert Library(folder).search("aeroplane") == Library(folder).search("") == Library(folder).search("?!") == []


def test_bm25_by_hand(folder: Path) -> None:
    """Two documents of one passage each, of 17 and 15 words: `honey` is in one of them, once, `live` in both."""
    library = Library(folder)
    library.update()
    index = library._contents.words
    length = 1.2 * (1 - 0.75 + 0.75 * 17 / 16)
    for word, passages in (("honey", 1), ("live", 2)):
        rarity = math.log(1 + (2 - passages + 0.5) / (passages + 0.5))
        assert index.scores(word)[0] == pytest.approx(rarity * 2.2 / (1 + length))
    assert index.scores("honey")[1] == 0
    assert index.scores("honey live honey")[0] == pytest.approx(index.scores("honey")[0] + index.scores("live")[0])


def test_the_index_follows_the_files(folder: Path, tmp_path: Path) -> None:
    library = Library(folder, cache=tmp_path / "cache")
    assert library.search("honey")
    (folder / "bees.txt").write_text(BEES.replace("honey", "water"))
    assert not library.search("honey") and library.search("water")
    (folder / "new.html").write_text("<p>Honey cake</p>")
    assert [p.source for p in library.search("honey")] == ["new.html"]
    (folder / "new.html").unlink()
    assert not library.search("honey") and library.sources == ("bees.txt", "sub/wasps.md")
    (folder / "bees.txt").rename(folder / "moved.txt")
    assert [p.source for p in library.search("water")] == ["moved.txt"]


def test_only_what_changed_is_read_again(folder: Path, tmp_path: Path, read: list[str]) -> None:
    settled(folder)
    library = Library(folder, cache=tmp_path / "cache")
    library.update()
    assert sorted(read) == ["open bees.txt", "open wasps.md", "read", "read"]
    read.clear()
    library.update()
    Library(folder, cache=tmp_path / "cache").update()
    assert read == [], "nor by another process"
    os.utime(folder / "bees.txt", (LONG_AGO + 1, LONG_AGO + 1))
    Library(folder, cache=tmp_path / "cache").update()
    assert read == ["open bees.txt"], "its content is the same"


def test_a_change_within_the_same_moment_is_seen(folder: Path) -> None:
    library = Library(folder)
    before = (folder / "bees.txt").stat().st_mtime_ns
    assert library.search("honey")
    with (folder / "bees.txt").open("r+") as file:
        file.write("Bugs")
    os.utime(folder / "bees.txt", ns=(before, before))
    assert library.search("bugs") and not library.search("bees")


def test_what_is_kept_is_private_and_goes_with_its_file(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    library = Library(folder, cache=cache)
    library.update()
    (place,) = (cache / "documents").iterdir()
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in place.iterdir())
    assert any(b"nectar" in path.read_bytes() for path in place.iterdir())
    (folder / "bees.txt").unlink()
    library.update()
    assert not any(b"nectar" in path.read_bytes() for path in place.iterdir())


def test_a_torn_index_is_made_anew(folder: Path, tmp_path: Path, read: list[str]) -> None:
    settled(folder)
    cache = tmp_path / "cache"
    Library(folder, cache=cache).update()
    for path in (p for p in cache.rglob("*") if p.is_file()):
        path.write_bytes(path.read_bytes()[:40])
    read.clear()
    assert Library(folder, cache=cache).search("honey")
    assert read.count("read") == 2
    assert Library(folder, cache=cache).search("honey") and read.count("read") == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_cannot_be_written_only_costs_time(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o500)
    assert Library(folder, cache=tmp_path / "cache").search("honey")


def test_a_cache_that_is_a_file_only_costs_time(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    assert Library(folder, cache=tmp_path / "cache").search("honey")


def test_what_cannot_be_read_is_said(folder: Path) -> None:
    (folder / "scan.pdf").write_bytes(pdf([[]]))
    (folder / "torn.pdf").write_bytes(b"%PDF-")
    (folder / "empty.txt").write_text("\n")
    (folder / "old.txt").write_bytes("Müller".encode("latin-1"))
    library = Library(folder)
    library.update()
    assert list(library.issues) == ["empty.txt", "old.txt", "scan.pdf", "torn.pdf"]
    assert "windows-1252" in library.issues["old.txt"]
    assert library.sources == ("bees.txt", "old.txt", "sub/wasps.md")
    with pytest.raises(SourceError, match="no folder"):
        Library(folder / "nowhere").search("x")


def test_copies_are_found_once(folder: Path) -> None:
    (folder / "copy.txt").write_text(BEES)
    assert [passage.source for passage in Library(folder).search("honey")] == ["bees.txt"]


def test_a_quote_is_traced_to_its_page_and_place(folder: Path) -> None:
    """What grounding finds in a passage is in the document where the passage's span says."""
    filler = "Much else is told here of many other things. " * 12
    text = "The honey of the heather is dark and thick."
    (folder / "notes.pdf").write_bytes(pdf([column(filler), column(f"{filler} {text} {filler}")]))
    library = Library(folder)
    passage = library.search("heather honey dark")[0]
    document = library.document("notes.pdf")
    assert document is not None
    assert document.text[passage.start : passage.end] == passage.text
    assert library.passage(passage.id) == passage
    schema = {"type": "object", "properties": {"quote": {"type": "string"}}}
    span = ground({"quote": "honey of the heather is dark and thick"}, passage.text, schema).spans["quote"]
    assert span.start is not None and span.end is not None
    quoted = document.text[passage.start + span.start : passage.start + span.end]
    assert quoted.split() == ["honey", "of", "the", "heather", "is", "dark", "and", "thick"]
    assert document.page_at(passage.start + span.start) == 2
    assert passage.last_page == 2


def test_names_that_are_no_text_do_no_harm(folder: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"m\xfcller\n] x.txt")
    try:
        (folder / name).write_text("Kuckuck")
    except OSError:
        pytest.skip("this file system takes no such names")
    library = Library(folder, cache=tmp_path / "cache")
    (passage,) = library.search("kuckuck")
    assert passage.source == name and passage.id == "m%DCFCller%0A%5D x.txt:0-7"
    assert Library(folder, cache=tmp_path / "cache").search("kuckuck") == [passage]


def test_threads_and_other_readers_at_once(folder: Path, tmp_path: Path) -> None:
    for number in range(20):
        (folder / f"n{number}.txt").write_text(f"Note {number} of honey.")
    libraries = [Library(folder, cache=tmp_path / "cache") for _ in range(3)]
    found: list[int] = []

    def search(library: Library) -> None:
        for _ in range(5):
            found.append(len(library.search("honey", 30)))

    threads = [threading.Thread(target=search, args=(libraries[n % 3],)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [21] * 30


def test_two_thousand_passages(tmp_path: Path) -> None:
    for number in range(100):
        lines = [
            f"Sentence {line} of text {number} tells of topic t{number}x{line} and of nothing else at all."
            for line in range(215)
        ]
        (tmp_path / f"{number}.txt").write_text(" ".join(lines))
    library = Library(tmp_path, cache=tmp_path / "cache")
    began = time.perf_counter()
    library.update()
    reading = time.perf_counter() - began
    assert len(library._contents) >= 2000
    began = time.perf_counter()
    for number in range(10):
        (best, *_) = library.search(f"Which text tells of topic t{number}x150?")
        assert f"topic t{number}x150 " in best.text
    searching = (time.perf_counter() - began) / 10
    assert reading < 20 and searching < 0.5, "ten times what it takes"
