"""Imports CrewAI so that it does nothing unasked.

By itself it reports to its makers, offers to share traces, asks the package index for newer versions, reads .env files
(a library under it refuses to start where one has an odd value), writes keys and settings under HOME, keeps inputs and
outputs there, and locks through files in /tmp: none of that belongs into a tool that keeps data where it is.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gleanery.errors import GleaneryError

_SWITCHES = {
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_DISABLE_TRACKING": "true",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
    "CREWAI_TRACING_ENABLED": "false",
}
"""CrewAI looks at these whenever it works, so they stay."""

_folder: tempfile.TemporaryDirectory[str] | None = None
_listeners = ExitStack()
_importing = threading.Lock()
_lock = threading.RLock()


def import_crewai() -> None:
    """Import CrewAI; to be called before whatever imports it. Takes seconds the first time, nothing after that.

    GleaneryError where it cannot be imported.
    """
    global _folder
    with _importing:
        if _folder is not None:
            return
        os.environ.update(_SWITCHES)
        folder = tempfile.TemporaryDirectory(prefix="gleanery-crewai-")
        # The first switches off what a user's own code may want, and CrewAI sets the last itself: so only for now.
        passing = {"PYTHON_DOTENV_DISABLED": "1", "CREWAI_STORAGE_DIR": folder.name, "TOKENIZERS_PARALLELISM": "false"}
        with _environment(passing), _no_env_files():
            try:
                _import(Path(folder.name))
            except Exception as error:
                folder.cleanup()
                raise GleaneryError(
                    f"CrewAI, which runs agents, cannot be imported: {type(error).__name__}: {error}. Install Gleanery "
                    "anew; if that does not help, run a task of kind `extract` instead."
                ) from error
        _folder = folder


def _import(folder: Path) -> None:
    import crewai_core.settings
    from crewai_core.lock_store import set_lock_backend
    from crewai_core.token_manager import TokenManager

    # Both are made at the import of CrewAI, for an account that nobody has here; no setting moves them out of HOME.
    crewai_core.settings.DEFAULT_CONFIG_PATH = folder / "settings.json"
    TokenManager._get_secure_storage_path = staticmethod(lambda: folder)  # type: ignore[method-assign]
    # The default polls lock files in /tmp, or a Redis that happens to be in the environment.
    set_lock_backend(_locked)
    # Its first log line would otherwise go to whatever is on the terminal.
    for name in ("crewai", "crewai_core"):
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    from crewai.events import crewai_event_bus

    # Those who listen to its events draw panels on the terminal and collect traces, on threads of their own. What an
    # agent does is in the wire record.
    _listeners.enter_context(crewai_event_bus.scoped_handlers())


@contextmanager
def _environment(variables: Mapping[str, str]) -> Generator[None, None, None]:
    """The variables set for this block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _no_env_files() -> Generator[None, None, None]:
    """In this block pydantic-settings reads no .env files: ChromaDB would, in whatever folder the user is."""
    from pydantic_settings import DotEnvSettingsSource

    read = DotEnvSettingsSource._read_env_files
    DotEnvSettingsSource._read_env_files = lambda self: {}  # type: ignore[method-assign]
    try:
        yield
    finally:
        DotEnvSettingsSource._read_env_files = read  # type: ignore[method-assign]


@contextmanager
def _locked(*_: object, **__: object) -> Generator[None, None, None]:
    with _lock:
        yield
