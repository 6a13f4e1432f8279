from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gleanery.errors import UsageError
from gleanery.models.ollama.modelfile import PARAMETERS, Modelfile

FILE = Path("Modelfile")


def parse(text: str) -> Modelfile:
    return Modelfile.parse(text, FILE)


def test_all_there_is() -> None:
    text = '''# a comment
from qwen3:4b

ParaMeter num_ctx 4096
  PARAMETER temperature 0.7
PARAMETER use_mmap true
PARAMETER stop "<|end|> "
PARAMETER stop AI:
SYSTEM """You are "brief".
# not a comment

PARAMETER is not one here"""
TEMPLATE "{{ .System }}
{{ .Prompt }}"
MESSAGE user Is it so?
MESSAGE assistant """Yes.
"""
LICENSE one
LICENSE two
ADAPTER ./lora.gguf
RENDERER qwen3
PARSER qwen3
REQUIRES 0.14.0'''
    assert parse(text) == Modelfile(
        FILE,
        "qwen3:4b",
        "./lora.gguf",
        'You are "brief".\n# not a comment\n\nPARAMETER is not one here',
        "{{ .System }}\n{{ .Prompt }}",
        "qwen3",
        "qwen3",
        "0.14.0",
        (("num_ctx", 4096), ("temperature", 0.7), ("use_mmap", True), ("stop", ("<|end|> ", "AI:"))),
        (("user", "Is it so?"), ("assistant", "Yes.\n")),
        ("one", "two"),
    )


def test_carriage_returns_and_byte_order_marks_do_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "Modelfile"
    file.write_bytes(b'\xef\xbb\xbfFROM x\r\nSYSTEM """a\r\nb"""\r\n')
    assert (Modelfile.read(file).base, Modelfile.read(file).system) == ("x", "a\nb")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Modelfile: has no FROM"),
        ("SYSTEM hi", "Modelfile: has no FROM"),
        ("FROM x\nSYTEM hi", "Modelfile:2: `SYTEM` is no instruction. Did you mean `SYSTEM`?"),
        ("FROM x\n\nzzz", "Modelfile:3: `zzz` is no instruction. There are FROM, ADAPTER"),
        ("FROM", "Modelfile:1: FROM has no value"),
        ("FROM x\nFROM y", "Modelfile:2: there is a second FROM"),
        ("FROM x\nPARAMETER", "Modelfile:2: PARAMETER has no value"),
        ("FROM x\nPARAMETER seed", "Modelfile:2: PARAMETER seed has no value"),
        ("FROM x\nPARAMETER temprature 1", "Modelfile:2: `temprature` is no PARAMETER. Did you mean `temperature`?"),
        ("FROM x\nPARAMETER num_ctx many", "Modelfile:2: PARAMETER num_ctx must be a whole number, and is `many`"),
        ("FROM x\nPARAMETER top_p high", "Modelfile:2: PARAMETER top_p must be a number, and is `high`"),
        ("FROM x\nPARAMETER numa maybe", "Modelfile:2: PARAMETER numa must be true or false, and is `maybe`"),
        ("FROM x\nMESSAGE usr hi", "Modelfile:2: `usr` is no role of a MESSAGE. Did you mean `user`?"),
        ('FROM x\nSYSTEM """a\nb', "Modelfile:2: the quotes of SYSTEM are never closed"),
        ('FROM x\nSYSTEM "', "Modelfile:2: the quotes of SYSTEM are never closed"),
    ],
)
def test_errors_say_the_line_and_the_nearest(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert str(caught.value).startswith(says)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        Modelfile.read(tmp_path)
    (tmp_path / "Modelfile").write_bytes(b"FROM \xff")
    with pytest.raises(UsageError, match="is not UTF-8"):
        Modelfile.read(tmp_path / "Modelfile")


def test_paths_are_from_the_modelfiles_folder(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").touch()
    (tmp_path / "qwen3").mkdir()
    file = tmp_path / "Modelfile"
    for written in ("tiny.gguf", "./tiny.gguf", str(tmp_path / "tiny.gguf")):
        made = Modelfile.parse(f"FROM {written}\nADAPTER tiny.gguf", file)
        assert made.base_file == made.adapter_file == tmp_path / "tiny.gguf"
    assert Modelfile.parse("FROM qwen3", file).base_file is None
    assert Modelfile.parse("FROM qwen3", file).adapter_file is None
    for written, says in (("none.GGUF", "there is no file"), ("./qwen3", "is a folder")):
        with pytest.raises(UsageError, match=says):
            _ = Modelfile.parse(f"FROM {written}", file).base_file
    with pytest.raises(UsageError, match="ADAPTER none: there is no file"):
        _ = Modelfile.parse("FROM qwen3\nADAPTER none", file).adapter_file


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=40)
NAME = st.from_regex(r"[a-z0-9][a-z0-9./:_-]{0,20}", fullmatch=True)
VALUE = {
    "stop": TEXT,
    "num_ctx": st.integers(-1, 10**6),
    "seed": st.integers(-(10**9), 10**9),
    "temperature": st.floats(0, 2),
    "use_mmap": st.booleans(),
}


def written(value: str) -> str:
    """The value as an instruction can say it, plain where that is possible."""
    if value and value == value.strip() and not value.startswith('"') and "\n" not in value:
        return value
    assume(not any(line.rstrip().endswith('"""') for line in value.split("\n")[:-1]))
    return f'"""{value}"""'


@given(
    NAME,
    st.none() | TEXT,
    st.dictionaries(st.sampled_from(sorted(VALUE.keys() - {"stop"})), st.none()).flatmap(
        lambda names: st.fixed_dictionaries({name: VALUE[name] for name in names})
    ),
    st.lists(TEXT.filter(bool), max_size=3),
    st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), TEXT.filter(bool)), max_size=3),
    st.lists(TEXT, max_size=2),
)
def test_what_is_written_is_read(
    base: str,
    system: str | None,
    parameters: dict[str, int | float | bool],
    stops: list[str],
    messages: list[tuple[str, str]],
    licenses: list[str],
) -> None:
    lines = [f"FROM {base}"]
    lines += [] if system is None else [f"SYSTEM {written(system)}"]
    lines += [f"PARAMETER {name} {value!r}" for name, value in parameters.items()]
    lines += [f"PARAMETER stop {written(stop)}" for stop in stops]
    lines += [f"MESSAGE {role} {written(text)}" for role, text in messages]
    lines += [f"LICENSE {written(text)}" for text in licenses]
    made = parse("\n".join(lines))
    expected = (*parameters.items(), *([("stop", tuple(stops))] if stops else []))
    assert (made.base, made.system, made.parameters) == (base, system, expected)
    assert (made.messages, made.licenses) == (tuple(messages), tuple(licenses))


@given(st.text(max_size=60))
def test_any_text_is_a_modelfile_or_a_usage_error(text: str) -> None:
    try:
        made = parse(text)
    except UsageError:
        return
    assert made.base and all(name in PARAMETERS for name, _ in made.parameters)
