"""What a GGUF file says of itself in its header: no weights are read, and no library is needed."""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleanery.errors import ModelError, ModelNotFoundError

_VERSIONS = (2, 3)
_STRING, _ARRAY = 8, 9
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_KEPT_ITEMS = 1024
"""Longer arrays (the vocabulary) are walked over, not kept."""

_QUANTISATIONS = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE", 39: "NVFP4",
    40: "Q1_0",
}  # fmt: skip

_PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")


@dataclass(frozen=True, slots=True)
class GgufMetadata:
    """A model's header. `window` is the context in tokens that it was trained for; None: it does not tell.

    `files` are all that hold its weights, in order: a large model comes in several. `token_bytes` is what one token of
    context takes in memory at least (keys and values as F16); 0 where the header does not tell.
    """

    files: tuple[Path, ...]
    architecture: str
    name: str
    window: int | None
    quantisation: str | None
    chat_template: str | None
    tools: bool
    token_bytes: int

    @property
    def size(self) -> int:
        """Bytes of the weights, near enough."""
        return sum(file.stat().st_size for file in self.files)


def read_metadata(path: Path) -> GgufMetadata:
    """The header of a GGUF file; ModelError where it cannot be read or is none."""
    values = _read(path)
    architecture = str(values.get("general.architecture", ""))
    window = values.get(f"{architecture}.context_length")
    template = values.get("tokenizer.chat_template")
    tool_template = values.get("tokenizer.chat_template.tool_use", "")
    return GgufMetadata(
        files=_files(path, values),
        architecture=architecture,
        name=str(values.get("general.name") or path.stem),
        window=window if isinstance(window, int) and window > 0 else None,
        quantisation=_quantisation(values.get("general.file_type")),
        chat_template=template if isinstance(template, str) and template.strip() else None,
        tools=re.search(r"\btools\b", f"{template} {tool_template}") is not None,
        token_bytes=_token_bytes(architecture, values),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Header(data).values()
    except FileNotFoundError:
        raise ModelNotFoundError(f"There is no file {path}. Give the path of a GGUF file.") from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, struct.error) as error:  # an empty file cannot be mapped; a torn one ends too early
        raise ModelError(
            f"{path} is no GGUF file that can be used, or is torn: {error}. Download it again, whole, or take another."
        ) from None


class _Header:
    """Reads the keys and values at a file's beginning, one after the other."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data, self._at = data, 0

    def values(self) -> dict[str, Any]:
        """All of them but long arrays."""
        if self._data[:4] != b"GGUF":
            raise ValueError("it does not begin with `GGUF`")
        self._at = 4
        version = self._number("I")
        if version not in _VERSIONS:
            raise ValueError(f"its version is {version}, and versions 2 and 3 of little-endian files are known")
        self._number("Q")  # how many tensors there are
        return {self._string(): self._value(self._number("I")) for _ in range(self._number("Q"))}

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            return self._array(self._number("I"), self._number("Q"))
        return self._number(_format(kind))

    def _array(self, kind: int, count: int) -> list[Any] | None:
        if kind == _STRING:
            for _ in range(count):
                self._skip(self._number("Q"))
            return None
        form, start = _format(kind), self._at
        self._skip(count * struct.calcsize(f"<{form}"))
        return list(struct.unpack_from(f"<{count}{form}", self._data, start)) if count <= _KEPT_ITEMS else None

    def _string(self) -> str:
        size = self._number("Q")
        start = self._at
        self._skip(size)
        return self._data[start : self._at].decode("utf-8", "replace")

    def _number(self, form: str) -> Any:
        (number,) = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return number

    def _skip(self, size: int) -> None:
        if self._at + size > len(self._data):
            raise ValueError("it ends in the midst of its header")
        self._at += size


def _format(kind: int) -> str:
    if kind not in _NUMBERS:
        raise ValueError(f"its header has a value of the unknown type {kind}")
    return _NUMBERS[kind]


def _quantisation(file_type: Any) -> str | None:
    return _QUANTISATIONS.get(file_type, f"type {file_type}") if isinstance(file_type, int) else None


def _files(path: Path, values: Mapping[str, Any]) -> tuple[Path, ...]:
    """The file, or all parts of a model of which it is the first."""
    if int(values.get("split.count") or 1) <= 1:
        return (path,)
    part = _PART.fullmatch(path.name)
    if part is None or int(part["number"]) != 1:
        raise ModelError(f"{path} is part of a model in several files. Give the first: NAME-00001-of-NNNNN.gguf.")
    numbers = range(1, int(part["count"]) + 1)
    files = tuple(path.with_name(f"{part['stem']}-{number:05}-of-{part['count']}.gguf") for number in numbers)
    if missing := [file.name for file in files if not file.is_file()]:
        raise ModelError(f"{path} is the first of {len(files)} files, and {', '.join(missing)} is missing beside it.")
    return files


def _token_bytes(architecture: str, values: Mapping[str, Any]) -> int:
    """Keys and values of one token, all layers: F16, two bytes a number."""

    def number(key: str, default: int = 0) -> int:
        value = values.get(f"{architecture}.{key}", default)
        return value if isinstance(value, int) else default

    if number("attention.sliding_window"):
        return 0  # most layers keep a short window only, which ones is the architecture's own affair
    queries = number("attention.head_count", 1)
    heads = values.get(f"{architecture}.attention.head_count_kv", queries)
    layers = heads if isinstance(heads, list) else [heads] * number("block_count")
    width = number("embedding_length") // max(1, queries)
    return 2 * sum(layers) * (number("attention.key_length", width) + number("attention.value_length", width))
