from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import gguf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.tiny_gguf import PLAIN_TEMPLATE, TEMPLATE, write_tiny_gguf

from gleanery.errors import ModelError, ModelNotFoundError
from gleanery.models.gguf import metadata
from gleanery.models.gguf.metadata import read_metadata


def test_the_header_of_a_model(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "tiny.gguf", context=4096, layers=3, width=64, heads=2, name="Small one")
    read = read_metadata(path)
    assert (read.architecture, read.name, read.window, read.quantisation) == ("llama", "Small one", 4096, "Q8_0")
    assert (read.chat_template, read.tools, read.files) == (TEMPLATE, True, (path,))
    assert read.size == path.stat().st_size
    assert read.token_bytes == 3 * 2 * (32 + 32) * 2  # layers, heads, key and value, F16


def test_the_same_arguments_write_the_same_bytes(tmp_path: Path) -> None:
    one, same, other = (
        write_tiny_gguf(tmp_path / name, seed=seed).read_bytes() for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert one == same != other


def test_templates_without_tools_and_files_without_template(tmp_path: Path) -> None:
    plain = read_metadata(write_tiny_gguf(tmp_path / "plain.gguf", template=PLAIN_TEMPLATE))
    assert (plain.chat_template, plain.tools) == (PLAIN_TEMPLATE, False)
    none = read_metadata(write_tiny_gguf(tmp_path / "none.gguf", template=None))
    assert (none.chat_template, none.tools) == (None, False)


def test_quantisations_have_the_names_of_the_format() -> None:
    names = {kind.value: kind.name.removeprefix("MOSTLY_").removeprefix("ALL_") for kind in gguf.LlamaFileType}
    assert metadata._QUANTISATIONS.items() <= names.items()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"PK\x03\x04 a zip", "does not begin with `GGUF`"),
        (b"GGUF\x01\x00\x00\x00", "its version is 1"),
        (b"GGUF\x03\x00\x00", "requires a buffer"),
    ],
)
def test_what_is_no_model_says_so(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=says) as caught:
        read_metadata(path)
    assert str(path) in str(caught.value) and "Download it again" in str(caught.value)


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="There is no file"):
        read_metadata(tmp_path / "none.gguf")
    with pytest.raises(ModelError, match="Is a directory"):
        read_metadata(tmp_path)


@pytest.fixture(scope="module")
def header(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_tiny_gguf(tmp_path_factory.mktemp("header") / "tiny.gguf", width=32, layers=1).read_bytes()[:1500]


@given(st.data())
def test_any_bytes_are_a_model_or_a_model_error(
    tmp_path_factory: pytest.TempPathFactory, header: bytes, data: st.DataObject
) -> None:
    torn = bytearray(header[: data.draw(st.integers(1, len(header)))])
    for place in data.draw(st.lists(st.integers(4, max(4, len(torn) - 1)), max_size=4)):
        if place < len(torn):
            torn[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "torn.gguf"
    path.write_bytes(torn)
    with suppress(ModelError):
        assert read_metadata(path).files == (path,)


def test_a_model_in_several_files(tmp_path: Path) -> None:
    first, second = (tmp_path / f"big-0000{number}-of-00002.gguf" for number in (1, 2))
    _write_part(first)
    with pytest.raises(ModelError, match=r"the first of 2 files, and big-00002-of-00002\.gguf is missing"):
        read_metadata(first)
    _write_part(second)
    assert read_metadata(first).files == (first, second)
    assert read_metadata(first).size == first.stat().st_size + second.stat().st_size
    with pytest.raises(ModelError, match="Give the first"):
        read_metadata(second)


def _write_part(path: Path) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_uint16("split.count", 2)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


@pytest.mark.parametrize(
    ("extra", "bytes_a_token"),
    [
        ({"head_count_kv": 2}, 4 * 2 * (16 + 16) * 2),
        ({"head_count_kv": [0, 2, 0, 2]}, 4 * (16 + 16) * 2),
        ({"head_count_kv": 1, "key_length": 40, "value_length": 24}, 4 * 64 * 2),
        ({"head_count_kv": 2, "sliding_window": 512}, 0),
        ({}, 4 * 8 * (16 + 16) * 2),
    ],
)
def test_what_a_token_of_context_takes(tmp_path: Path, extra: dict[str, int | list[int]], bytes_a_token: int) -> None:
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "qwen3")
    for key, value in {"block_count": 4, "embedding_length": 128, "attention.head_count": 8}.items():
        writer.add_uint32(f"qwen3.{key}", value)
    for key, number in extra.items():
        name = f"qwen3.attention.{key}"
        writer.add_array(name, number) if isinstance(number, list) else writer.add_uint32(name, number)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    assert read_metadata(tmp_path / "x.gguf").token_bytes == bytes_a_token
