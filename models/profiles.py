"""What was found out about models, kept from one run to the next: asking costs a few requests, and loads the model."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import orjson

from gleanery.models.chat import Capabilities

VERSION = 1
"""Of the probe: what an older one found out is asked anew."""

_FIELDS = frozenset(field.name for field in fields(Capabilities))


class ProfileCache:
    """Capabilities by model, digest of its weights, and server. `folder` None: nothing outlives this process.

    Of a model without digest nobody can tell whether it is still the same, so it is asked in every process; so is one
    that did not answer all questions in time.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: dict[str, Capabilities] = {}

    def get(self, model: str, digest: str | None, server: str) -> Capabilities | None:
        """What is known of the model; None: nothing, or nothing readable."""
        key = _key(model, digest, server)
        if key not in self._known and self._folder is not None and digest is not None:
            with suppress(OSError, ValueError, TypeError, LookupError, AttributeError):  # or it is corrupt
                self._known[key] = _read(orjson.loads((self._folder / key).read_bytes()))
        return self._known.get(key)

    def put(self, model: str, digest: str | None, server: str, capabilities: Capabilities) -> None:
        """Keep what was found out. A folder that cannot be written costs asking again, nothing else."""
        key = _key(model, digest, server)
        self._known[key] = capabilities
        if self._folder is None or digest is None or capabilities.schema is None:
            return
        profile = {"version": VERSION, "model": model, "digest": digest, "server": server}
        profile["capabilities"] = asdict(capabilities)
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = self._folder / f"{key}.{os.getpid()}"
            part.write_bytes(orjson.dumps(profile, option=orjson.OPT_INDENT_2))
            part.replace(self._folder / key)


def _key(model: str, digest: str | None, server: str) -> str:
    return hashlib.sha256(orjson.dumps([model, digest, server])).hexdigest()[:32] + ".json"


def _read(profile: Mapping[str, Any]) -> Capabilities:
    known = profile["capabilities"]
    if profile["version"] != VERSION or known.keys() != _FIELDS:
        raise ValueError("of another version")
    return Capabilities(**known)
