from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from gbnf import Gbnf
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import validate
from servers.tiny_gguf import write_tiny_gguf

from gleanery.errors import UsageError
from gleanery.tasks.grammar.pieces import PIECES, pieces
from gleanery.tasks.grammar.source import SourceGrammar
from gleanery.tasks.references.reference import Reference, ReferenceType

SOURCE = 'Berg-Øst, Á. (1999). The "end"\nof it\\all. 王小明, 5(2), 230-265. #7'
TEXT = {"type": "string"}
WORDS = st.sampled_from(
    ["a", "ab", "b.", "12", '"c"', "\\d", "(e", "f)", "é", "e\u0301", "王明", "\x07", "\ud800", "#1", "-"]
)
SPACES = st.sampled_from([" ", "\n", "  ", "\t", ""])
SOURCES = st.lists(st.tuples(WORDS, SPACES), min_size=1, max_size=12).map(lambda p: "".join(w + s for w, s in p))

LEAVES: list[dict[str, Any]] = [
    *({"type": kind} for kind in ("string", "integer", "number", "boolean", ["string", "null"])),
    {"enum": ["ab", "abc", 'q"', 1, 10, None]},
    {"const": "a\\b"},
    {"anyOf": [TEXT, {"type": "null"}]},
]


def allowed(schema: Any, source: str, answer: Any) -> bool:
    return says(schema, source, json.dumps(answer, ensure_ascii=False, separators=(",", ":")))


def says(schema: Any, source: str, text: str) -> bool:
    return Gbnf(SourceGrammar(schema).for_source(source)).allows(text)


def runs(source: str) -> list[str]:
    """All runs of pieces that a value can be."""
    found = pieces(source)
    values = []
    for i, first in enumerate(found):
        for j, last in enumerate(found[i:], i):
            if j > i and not last.joined:
                break
            if first.begins:
                values.append(source[first.start : last.end])
    return values or [""]


def schemas() -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(st.sampled_from(LEAVES), _nested, max_leaves=6)


def _nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    def described(parts: tuple[dict[str, Any], set[str]]) -> dict[str, Any]:
        properties, required = parts
        keys = [key for key in properties if key in required]
        return {"type": "object", "properties": properties, "required": keys, "additionalProperties": False}

    names = st.sampled_from(["a", "ab", "b", 'k"', "é"])
    objects = st.tuples(st.dictionaries(names, inner, max_size=4), st.sets(names)).map(described)
    arrays = st.tuples(inner, st.integers(0, 2), st.integers(0, 3)).map(
        lambda a: {"type": "array", "items": a[0], "minItems": a[1]} | ({"maxItems": a[1] + a[2]} if a[2] else {})
    )
    return st.one_of(objects, arrays)


def answer(chance: random.Random, schema: dict[str, Any], texts: list[str]) -> Any:
    """Some answer to the schema."""
    if "const" in schema or "enum" in schema:
        return chance.choice(schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        return answer(chance, chance.choice(schema["anyOf"]), texts)
    kind = schema["type"] if isinstance(schema["type"], str) else chance.choice(schema["type"])
    if kind == "object":
        given = [key for key in schema["properties"] if key in schema["required"] or chance.random() < 0.5]
        return {key: answer(chance, schema["properties"][key], texts) for key in given}
    if kind == "array":
        size = chance.randint(schema["minItems"], schema.get("maxItems", schema["minItems"] + 3))
        return [answer(chance, schema["items"], texts) for _ in range(size)]
    values: dict[str, list[Any]] = {"string": texts, "integer": [0, -7, 1999], "number": [0.5, -3, 1e22, 1.5e-9]}
    return chance.choice((values | {"boolean": [True, False], "null": [None]})[kind])


def altered(value: Any, seen: list[str]) -> Any:
    """The answer with each of its texts altered in one place; those that were are put into `seen`."""
    if isinstance(value, dict):
        return {key: altered(one, seen) for key, one in value.items()}
    if isinstance(value, list):
        return [altered(one, seen) for one in value]
    if isinstance(value, str) and value not in ("ab", "abc", 'q"', "a\\b"):
        seen.append(value)
        return value + "z"
    return value


@settings(deadline=None, max_examples=150)
@given(schemas(), SOURCES, st.randoms(use_true_random=False))
def test_answers_of_printed_words_are_allowed_and_altered_ones_are_not(
    schema: dict[str, Any], source: str, chance: random.Random
) -> None:
    grammar = Gbnf(SourceGrammar(schema).for_source(source))
    for _ in range(3):
        good = answer(chance, schema, runs(source))
        text = json.dumps(good, ensure_ascii=False)
        assert grammar.allows(text), text
        changed: list[str] = []
        bad = json.dumps(altered(good, changed), ensure_ascii=False)
        assert not changed or not grammar.allows(bad), bad


@settings(deadline=None)
@given(SOURCES)
def test_values_are_in_the_source_and_cut_no_word(source: str) -> None:
    for piece in pieces(source):
        text = source[piece.start : piece.end]
        assert text == text.strip() and text
        if piece.end < len(source) and source[piece.end - 1].isalnum() and source[piece.end].isalnum():
            assert max(source[piece.end], text[-1]) > "\u3000"  # only in scripts without spaces between words
    for value in runs(source):
        assert value in source
        assert allowed(TEXT, source, value)


@pytest.mark.parametrize(
    "value",
    [
        "Berg",
        "Berg-Øst, Á.",
        "Øst",
        "Berg-",
        '"end"\nof',
        '"end',
        "it\\all",
        "王小明",
        "小",
        "(1999)",
        "230-265",
        "#7",
        "all. 王",
    ],
)
def test_values_that_are_printed(value: str) -> None:
    assert allowed(TEXT, SOURCE, value)


@pytest.mark.parametrize(
    "value",
    [
        "Ber",
        "erg",
        "Berg Øst",
        "berg",
        "",
        " ",
        ", Á",
        "1998",
        '"end" of',
        "-265",
        "The  ",
        " The",
        "Berg 230",
        "/",
    ],
)
def test_values_that_are_not(value: str) -> None:
    assert not allowed(TEXT, SOURCE, value)


def test_white_space_is_quoted_as_printed_and_only_as_json_needs_it() -> None:
    assert says(TEXT, "a\tb", '"a\\tb"')
    assert (
        not says(TEXT, "a\tb", '"a\tb"') and not says(TEXT, "a\tb", '"a\\u0009b"') and not says(TEXT, "a\tb", '"a b"')
    )


def test_a_source_without_words_gives_empty_texts_and_a_surrogate_parts_runs() -> None:
    for source in ("", " \n", "\ud800"):
        assert allowed(TEXT, source, "") and not allowed(TEXT, source, "a")
    grammar = SourceGrammar(TEXT).for_source("a\ud800b")
    assert grammar.encode()
    assert Gbnf(grammar).allows('"b"') and not Gbnf(grammar).allows('"ab"')


def test_commas_and_keys_stand_right_whatever_is_left_out() -> None:
    schema = {"properties": {key: {"type": "integer"} for key in "abcd"}, "required": ["b", "d"]}
    grammar = Gbnf(SourceGrammar(schema).for_source("x"))
    for keys in ("bd", "abd", "bcd", "abcd"):
        assert grammar.allows(json.dumps(dict.fromkeys(keys, 1))), keys
    for wrong in ("", "b", "d", "db", "abc", "acd", "bbd"):
        assert not grammar.allows("{" + ",".join(f'"{key}":1' for key in wrong) + "}"), wrong
    assert not grammar.allows('{,"b":1,"d":1}') and not grammar.allows('{"b":1,"d":1,}')


def test_the_reference_schema_takes_its_records() -> None:
    source = "[1] van der Berg, A.; World Bank (1999): Things. J. of X 5, 230-265. doi:10.1000/x-1"
    good = {
        "type": "article-journal",
        "author": [{"family": "Berg", "given": "A.", "non-dropping-particle": "van der"}, {"literal": "World Bank"}],
        "title": "Things",
        "container-title": "J. of X",
        "issued": {"date-parts": [[1999]]},
        "page": "230-265",
        "DOI": "10.1000/x-1",
        "citation-number": "[1]",
    }
    grammar = Gbnf(SourceGrammar(Reference.model_json_schema()).for_source(source))
    assert grammar.allows(json.dumps(good)) and grammar.allows(json.dumps(good, separators=(",", ":")))
    assert not grammar.allows(json.dumps(good | {"type": "novel"}))
    assert not grammar.allows(json.dumps(good | {"extra": "Things"}))
    assert not grammar.allows(json.dumps(good | {"issued": {"date-parts": []}}))


def test_references_within_a_schema_are_followed_and_merged() -> None:
    schema = {
        "$defs": {"n/a": {"type": "object", "properties": {"x": TEXT}, "required": ["x"]}},
        "allOf": [{"$ref": "#/$defs/n~1a"}, {"properties": {"y": {"const": 1}}}],
        "oneOf": [{"required": ["y"]}, {"properties": {"z": {"type": "array", "prefixItems": [TEXT, {"const": 2}]}}}],
    }
    assert allowed(schema, "a", {"x": "a", "y": 1}) and allowed(schema, "a", {"x": "a", "z": ["a", 2]})
    assert not allowed(schema, "a", {"y": 1}) and not allowed(schema, "a", {"x": "a", "z": ["a"]})


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({}, "the output says nothing of its value"),
        ({"type": "object"}, "the output takes keys that it does not name"),
        ({"properties": {"a": {"properties": {"b": TEXT}, "additionalProperties": TEXT}}}, "`a` takes keys"),
        ({"properties": {"a": {"type": "array"}}}, r"`a\[\]` says nothing"),
        ({"properties": {"a": {"patternProperties": {"x": TEXT}, "type": "object"}}}, "`a` takes keys"),
        ({"properties": {"a": TEXT}, "required": ["b"]}, "requires `b`"),
        ({"properties": {"a": {"$ref": "#/$defs/no"}}}, "`a` refers to `#/\\$defs/no`, which is not in it"),
        ({"$ref": "https://example.org/x"}, "is not in it"),
        ({"type": "array", "items": {"$ref": "#"}}, "holds itself"),
        ({"type": "array", "items": TEXT, "minItems": 501}, "501 items"),
        ({"properties": {"a": True}}, "`a` says nothing"),
    ],
)
def test_schemas_that_a_grammar_cannot_say(schema: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        SourceGrammar(schema)


def test_arrays_end_with_the_source_s_words_or_where_the_schema_says() -> None:
    texts = {"type": "array", "items": TEXT}
    source = " ".join("a" * 40)
    assert allowed(texts, source, ["a"] * 40) and not allowed(texts, source, ["a"] * 41)
    assert allowed(texts | {"maxItems": 50}, source, ["a"] * 50) and not allowed(texts | {"maxItems": 0}, source, ["a"])
    assert allowed(texts, source, []) and not allowed(texts | {"minItems": 1}, source, [])


def test_size_and_time_grow_with_the_source_alone() -> None:
    grammar = SourceGrammar(Reference.model_json_schema())
    words = [f"word{i}" for i in range(PIECES)]
    empty, once, twice, most = (len(grammar.for_source(" ".join(words[:n]))) for n in (0, 500, 1000, PIECES))
    assert twice - empty < 2.2 * (once - empty) and most - empty < 9 * (once - empty)
    with pytest.raises(UsageError, match="4,001 words and marks"):
        grammar.for_source(" ".join([*words, "more"]))
    sixty = " ".join(words[:60])
    assert min(_seconds(grammar, sixty) for _ in range(20)) < 0.002


def _seconds(grammar: SourceGrammar, source: str) -> float:
    began = time.perf_counter()
    grammar.for_source(source)
    return time.perf_counter() - began


ASKED = [
    'Berg, A. & Ó Laoghaire, M. (1999). The "end" of it.\nJournal of Things, 5(2), 230–265. doi:10.1000/x_1.',
    "ΑΒΓ, Δ. «Περὶ φύσεως», C:\\temp\\x [1880]; 王小明 (2001) 机器学习. #7",
    "One.",
    "",
]
PERSON = {
    "type": "object",
    "properties": {"name": TEXT, "born": {"type": ["integer", "null"]}, "tags": {"type": "array", "items": TEXT}},
    "required": ["name", "tags"],
}
SCHEMAS = [Reference.model_json_schema(), PERSON, {"type": "array", "items": PERSON, "minItems": 2}, {"anyOf": LEAVES}]


def strings(value: Any, schema_says: frozenset[str]) -> Iterator[str]:
    if isinstance(value, str) and value not in schema_says:
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(one, schema_says)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("model") / "tiny.gguf")


def test_llama_cpp_with_random_weights_says_nothing_that_is_not_in_the_source(model: Path) -> None:
    said = frozenset(get_args(ReferenceType)) | {"ab", "abc", 'q"', "a\\b"}
    long = " ".join(f"word{i}" for i in range(PIECES))
    cases = [(schema, source, seed) for schema in SCHEMAS for source in ASKED for seed in range(3)]
    cases.append((PERSON, long, 0))
    requests = [
        {
            "messages": [{"role": "user", "content": source[:200] or "nothing"}],
            "grammar": SourceGrammar(schema).for_source(source),
            "temperature": 1.0,
            "seed": seed,
            "max_tokens": 600,
        }
        for schema, source, seed in cases
    ]
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    command = [sys.executable, str(Path(__file__).with_name("llama_cpp.py")), str(model)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=90, check=True)
    quoted = 0
    finished = 0
    for (schema, source, _), line in zip(cases, done.stdout.splitlines(), strict=True):
        choice = json.loads(line)["choices"][0]
        if choice["finish_reason"] != "stop":
            continue
        finished += 1
        answer = json.loads(choice["message"]["content"])
        for value in strings(answer, said):
            assert value in (source if source is long else runs(source))
            quoted += bool(value)
        if source:  # else texts are empty, and a Reference wants them longer
            validate(answer, schema)
    assert finished > 0.9 * len(cases) and quoted > 20
