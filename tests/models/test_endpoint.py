"""Addresses of models, and the endpoints that serve them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.errors import UsageError
from gleanery.models.endpoint import OLLAMA, Address, Endpoint, endpoint_of, parse_address
from gleanery.settings import load_settings

URL = "http://gpu1:8000/v1"
RACK = Endpoint("rack", "openai", URL, in_flight=7)
SHELF = Endpoint("shelf", "openai", "http://gpu2:8000/v1")
PI = Endpoint("pi", "ollama", "http://pi:11434")
CLOUD = Endpoint("ollama", "ollama", "http://cloud:11434")


def of(*endpoints: Endpoint) -> dict[str, Endpoint]:
    return {endpoint.name: endpoint for endpoint in endpoints}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ollama/qwen3:4b", ("ollama", "qwen3:4b", None)),
        ("ollama/hf.co/unsloth/Qwen3-GGUF:Q4_K_M", ("ollama", "hf.co/unsloth/Qwen3-GGUF:Q4_K_M", None)),
        ("ollama/qwen3:4b@pi", ("ollama", "qwen3:4b", "pi")),
        (f"openai/Qwen/Qwen3-4B@{URL}", ("openai", "Qwen/Qwen3-4B", URL)),
        ("openai/m@http://ada:pass@host/v1", ("openai", "m", "http://ada:pass@host/v1")),
        ("openai/m@", ("openai", "m", None)),
        ("gguf/model.gguf", ("gguf", "model.gguf", None)),
        ("gguf//data/a@b/my model.gguf", ("gguf", "/data/a@b/my model.gguf", None)),
        ("embedded/references", ("embedded", "references", None)),
    ],
)
def test_an_address_has_its_parts(text: str, address: tuple[str, str, str | None]) -> None:
    parsed = parse_address(text)
    assert parsed == address
    assert str(parsed) == text.removesuffix("@")


@pytest.mark.parametrize(
    "text", ["", "/", "qwen3:4b", "ollama", "ollama/", "/qwen3", "ollama/@pi", "Ollama/qwen3", "vllm/m", "gguf/", "@pi"]
)
def test_what_is_no_address_is_told_how_to_be_one(text: str) -> None:
    with pytest.raises(UsageError, match="Write provider/name") as caught:
        parse_address(text)
    assert f"`{text}`" in str(caught.value)


@given(st.sampled_from(["ollama", "openai"]), st.text(min_size=1).filter(lambda t: "@" not in t), st.text())
def test_an_address_is_read_as_it_is_written(provider: str, name: str, endpoint: str) -> None:
    address = Address(provider, name, endpoint or None)
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("address", "endpoints", "expected"),
    [
        ("ollama/m", of(), Endpoint("ollama", "ollama", OLLAMA)),
        ("ollama/m", of(RACK), Endpoint("ollama", "ollama", OLLAMA)),
        ("ollama/m", of(PI), PI),
        ("ollama/m", of(PI, CLOUD), CLOUD),
        ("ollama/m@pi", of(PI, CLOUD), PI),
        ("openai/m", of(PI, RACK), RACK),
        ("openai/m@shelf", of(RACK, SHELF), SHELF),
        (f"openai/m@{URL}", of(RACK), RACK),
        (f"openai/m@{URL}/", of(RACK), RACK),
        (f"openai/m@{URL}", of(SHELF), Endpoint(URL, "openai", URL)),
        (f"ollama/m@{URL}", of(RACK), Endpoint(URL, "ollama", URL)),
        ("ollama/m@http://other:11434", of(PI), Endpoint("http://other:11434", "ollama", "http://other:11434")),
    ],
)
def test_an_address_goes_to_its_endpoint(address: str, endpoints: dict[str, Endpoint], expected: Endpoint) -> None:
    assert endpoint_of(parse_address(address), endpoints) == expected


@pytest.mark.parametrize(
    ("address", "endpoints", "said"),
    [
        ("openai/m", of(PI), "have none for it"),
        ("openai/m", of(RACK, SHELF), "`rack`, `shelf`"),
        ("openai/m@attic", of(RACK, PI), "`rack`"),
        ("ollama/m", of(PI, Endpoint("den", "ollama", "http://den:11434")), "`pi`, `den`"),
        ("ollama/m@attic", of(), "have none for it"),
    ],
)
def test_where_nobody_knows_which_serves_it_the_names_are_told(
    address: str, endpoints: dict[str, Endpoint], said: str
) -> None:
    with pytest.raises(UsageError, match="which endpoint serves it") as caught:
        endpoint_of(parse_address(address), endpoints)
    assert f"`{address}`" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize("address", ["ollama/m@rack", "openai/m@pi"])
def test_an_endpoint_serves_its_own_kind(address: str) -> None:
    with pytest.raises(UsageError, match="kind") as caught:
        endpoint_of(parse_address(address), of(RACK, PI))
    assert address in str(caught.value)


def test_secrets_are_not_shown() -> None:
    named = Endpoint("lab", "openai", "http://ada:hunter2@gpu1/v1", "sesame")
    unnamed = endpoint_of(parse_address("openai/m@http://ada:hunter2@gpu1/v1"), {})
    assert unnamed.url == "http://ada:hunter2@gpu1/v1"
    for secret in ("hunter2", "sesame"):
        assert secret not in f"{named!r} {unnamed!r}"


def test_settings_show_no_secrets(tmp_path: Path) -> None:
    url = "http://ada:hunter2@gpu1/v1"
    lines = ["[endpoints.lab]", 'kind = "openai"', f'url = "{url}"', 'api_key_env = "LAB_KEY"']
    (tmp_path / "gleanery.toml").write_text("\n".join(lines))
    settings = load_settings(project=tmp_path, environ={"LAB_KEY": "sesame", "XDG_CONFIG_HOME": str(tmp_path)})
    assert (settings.endpoints["lab"].url, settings.endpoints["lab"].api_key) == (url, "sesame")
    assert "hunter2" not in repr(settings) and "sesame" not in repr(settings)
