"""A manifest says all that results depend on, and nothing that is secret; settings are made of it again."""

import json
from datetime import date
from pathlib import Path

import pytest

from gleanery.errors import UsageError
from gleanery.jobs.manifest import Manifest, Origin
from gleanery.pinning import check_addresses, manifest_of, settings_of
from gleanery.settings import load_settings
from gleanery.tasks.declarations import load_task

TOML = """\
retries = 2
temperature = 0.5
wire = "failures"

[endpoints.lab]
kind = "openai"
url = "http://me:hunter2@lab.example:8000/v1"
api_key_env = "LAB_KEY"
in_flight = 7

[gguf]
context = 4096
"""
ORIGIN = Origin("refs.txt", "/data/refs.txt", "text", None, 10)


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    (tmp_path / "gleanery.toml").write_text(TOML)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    monkeypatch.setenv("LAB_KEY", "s3cret")
    task = load_task("bibliography")
    addresses = ("embedded/references", "openai/Qwen3-4B@lab")
    return manifest_of(task, load_settings(), addresses, date=date(2026, 11, 21), origin=ORIGIN)


def test_it_comes_back_from_json(manifest: Manifest) -> None:
    assert Manifest.from_json(json.loads(json.dumps(manifest.as_json()))) == manifest


def test_it_says_what_results_depend_on(manifest: Manifest) -> None:
    assert manifest.options["retries"] == 2 and manifest.options["temperature"] == 0.5
    assert manifest.options["accept"] == load_task("bibliography").accept
    assert (manifest.date, manifest.wire, manifest.origin) == ("2026-11-21", "failures", ORIGIN)
    assert manifest.gguf["context"] == 4096
    assert len(manifest.schema_digest) == 64 and manifest.prompt_digest is not None


def test_nothing_in_it_is_secret(manifest: Manifest) -> None:
    said = json.dumps(manifest.as_json())
    assert "s3cret" not in said and "hunter2" not in said
    assert manifest.endpoints["lab"]["api_key_env"] == "LAB_KEY"
    assert manifest.endpoints["lab"]["url"] == "http://lab.example:8000/v1"


def test_settings_are_made_of_it_where_it_was_submitted(manifest: Manifest, tmp_path: Path) -> None:
    # The file has changed since, in all but the endpoint's password.
    (tmp_path / "gleanery.toml").write_text(TOML.replace("retries = 2", "retries = 0").replace("4096", "512"))
    settings = settings_of(manifest)
    assert (settings.retries, settings.gguf.context) == (2, 4096)
    lab = settings.endpoints["lab"]
    assert (lab.url, lab.api_key, lab.in_flight) == ("http://me:hunter2@lab.example:8000/v1", "s3cret", 7)


def test_settings_are_made_of_it_elsewhere(manifest: Manifest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gleanery.toml").unlink()
    monkeypatch.setenv("LAB_KEY", "of this machine")
    lab = settings_of(manifest).endpoints["lab"]
    assert (lab.url, lab.api_key) == ("http://lab.example:8000/v1", "of this machine")


def test_a_password_is_not_sent_to_a_server_that_took_over_the_name(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "gleanery.toml").write_text(TOML.replace("lab.example", "evil.example"))
    assert settings_of(manifest).endpoints["lab"].url == "http://lab.example:8000/v1"


def test_an_address_with_a_password_is_refused() -> None:
    with pytest.raises(UsageError, match="must not keep") as caught:
        check_addresses(["openai/x@http://me:hunter2@host/v1"])
    assert "hunter2" not in str(caught.value)
    check_addresses(["openai/x@http://host/v1", "embedded/references"])


def test_the_specialist_alone_has_no_prompt(manifest: Manifest) -> None:
    task = load_task("bibliography")
    alone = manifest_of(task, load_settings(), ("embedded/references",), date=date(2026, 1, 1), origin=ORIGIN)
    assert alone.prompt_digest is None
