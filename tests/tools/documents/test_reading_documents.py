"""Files of every kind become text, and what cannot be read says why."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdf_files import column, pdf

from gleanery.errors import SourceError
from gleanery.tools.documents.encodings import decode
from gleanery.tools.documents.reading import find_files, read_content, read_document

GERMAN = "Über die Gödelschen Sätze — eine Einführung, Straße für Straße."
RUSSIAN = "Война и мир, роман Льва Толстого о русском обществе во время войны против Наполеона."
JAPANESE = "源氏物語は平安時代に書かれた長編小説である。紫式部の作とされている。"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (GERMAN.encode(), GERMAN),
        (GERMAN.encode("utf-8-sig"), GERMAN),
        (GERMAN.encode("utf-16"), GERMAN),
        (GERMAN.encode("utf-32"), GERMAN),
        (GERMAN.encode("utf-16-le"), GERMAN),
        (GERMAN.encode("utf-16-be"), GERMAN),
        (GERMAN.encode("cp1252"), GERMAN),
        (RUSSIAN.encode("cp1251"), RUSSIAN),
        (JAPANESE.encode("shift_jis"), JAPANESE),
        (JAPANESE.encode(), JAPANESE),
        (b"one\r\ntwo\rthree", "one\r\ntwo\rthree"),
    ],
    ids=["utf-8", "mark", "utf-16", "utf-32", "le", "be", "western", "cyrillic", "japanese", "utf-8 japanese", "ends"],
)
def test_encodings(content: bytes, text: str) -> None:
    read = read_document(content, ".txt")
    assert read.text == text
    certain = any(content == text.encode(name) for name in ("utf-8", "utf-8-sig", "utf-16", "utf-32"))
    assert bool(read.issue) is not certain, "a guess is said to be one"


def test_utf_8_with_a_broken_byte_stays_utf_8() -> None:
    text, issue = decode("Größe, Füße, Öl".encode() + b"\xff end")
    assert text == "Größe, Füße, Öl\ufffd end" and "1 times" in issue


@given(st.binary(max_size=300))
def test_any_bytes_are_a_text_or_an_issue(content: bytes) -> None:
    for suffix in (".txt", ".html"):
        read = read_document(content, suffix)
        assert read.text.strip() or read.issue
        read.text.encode()  # there is nothing in it that cannot be sent


@given(st.text(max_size=300))
def test_any_text_in_utf_8_is_that_text(text: str) -> None:
    text = text.replace("\0", "").removeprefix("\ufeff")
    read = read_document(text.encode("utf-8", "replace"), ".md")
    assert read.text == (text if text.strip() else "")


def test_binary_data_is_no_text() -> None:
    assert "binary" in read_document(b"ab\0\1\2" * 9 + b"abcdefghijklmnopqrst" * 9, ".txt").issue


def test_a_page_of_the_web() -> None:
    page = """<!doctype html><html><head><title>Of bees</title><style>p {color: red}</style>
    <script>if (a < b) { alert("<p>no</p>") }</script></head><body><h1>Bees</h1><p>A <b>bee</b>
    is   an&nbsp;insect &amp; flies.<br>It makes honey.</p><ul><li>one<li>two</ul>
    <table><tr><td>a</td><td>b</td></tr></table><pre>x
      y</pre><p hidden>after</body>"""
    assert read_document(page.encode(), ".html").text == (
        "Of bees\n\nBees\n\nA bee is an insect & flies.\nIt makes honey.\n\none\ntwo\n\na b\n\nx\n      y\n\nafter"
    )


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("a < b > c &lt;p&gt; &amp;amp; &#8212;", "a < b > c <p> &amp; —"),
        ('x<img alt="a > b" data-x=\'{"y": "<p>"}\'>y', "xy"),
        ("one<!-- <p>two --> three<!-- four", "one three"),
        ("<P>one</P><BR/>two<SCRIPT>var p = '<p>'</SCRIPT >three", "one\n\ntwothree"),
        ("<p>one <b>two</b> <i>three</i></p >four", "one two three\n\nfour"),
        ("one<style>p{}", "one"),
        ("<p", "<p"),
        ("", ""),
    ],
)
def test_odd_web_pages(page: str, text: str) -> None:
    assert read_document(page.encode(), ".html").text == text


TORN = ["<meta ", "<a '\"", '<a b="', "<!--", "<!", "<script>", "</script", "<p>", "<svg", "&#", "<a =' ", "< "]


@pytest.mark.parametrize("filler", TORN)
def test_a_torn_web_page_takes_no_time(filler: str) -> None:
    page = f"<p>Begin.{filler * (300_000 // len(filler))}end"
    began = time.perf_counter()
    read_document(page.encode(), ".html")
    assert time.perf_counter() - began < 10, "it takes less than a second"


def test_a_web_page_says_its_encoding() -> None:
    page = f'<meta charset="windows-1251"><p>{RUSSIAN}</p>'.encode("cp1251")
    read = read_document(page, ".htm")
    assert (read.text, read.issue) == (RUSSIAN, "")


def test_a_pdf_has_pages() -> None:
    first, second = "The first page tells of bees and honey.", "Zweite Seite über Käfer (und Wespen)."
    read = read_document(pdf([column(first), column(second)]), ".pdf")
    assert read.issue == "" and len(read.pages) == 2
    assert " ".join(read.text[: read.pages[1]].split()) == first
    assert " ".join(read.text[read.pages[1] :].split()) == second
    assert (read.page_at(0), read.page_at(read.text.index("Käfer"))) == (1, 2)


def test_columns_are_read_one_after_the_other() -> None:
    left = "left " + "alpha beta gamma delta " * 12
    right = "right " + "one two three four " * 12
    lines = [*column(left, words=4), *column(right, left=330, words=4)]
    mixed = sorted(lines, key=lambda line: -line[1])  # as they stand in the file: line by line over both
    text = " ".join(read_document(pdf([mixed]), ".pdf").text.split())
    assert text == f"{left}{right}".strip()


def test_a_pdf_without_text_is_said_so() -> None:
    assert "OCR" in read_document(pdf([[], []]), ".pdf").issue
    some = read_document(pdf([column("Some words."), []]), ".pdf")
    assert "1 of its 2 pages hold no text: 2" in some.issue and "Some words." in some.text


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4\nnothing", b"<html>", pdf([column("Some words.")])[:300]])
def test_a_torn_pdf_is_said_so(content: bytes) -> None:
    read = read_document(content, ".pdf")
    assert read.issue and not read.text


def test_which_files_are_read(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    folder = tmp_path / "folder"
    for path in (outside / "secret.txt", folder / "b.TXT", folder / "sub" / "a.md", folder / ".hidden.txt"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (folder / ".git").mkdir()
    (folder / ".git" / "c.txt").write_text("x")
    (folder / "picture.png").write_bytes(b"x")
    (folder / "folder.txt").mkdir()
    (folder / "out.txt").symlink_to(outside / "secret.txt")
    (folder / "out").symlink_to(outside)
    (folder / "gone.txt").symlink_to(folder / "nowhere")
    (folder / "link.txt").symlink_to(folder / "b.TXT")
    assert [source for source, _ in find_files(folder)] == ["b.TXT", "link.txt", "sub/a.md"]


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(65 << 20)
    with pytest.raises(SourceError, match="65 MB"):
        read_content(tmp_path / "large.txt")
