"""Gleanery runs declared tasks on local models: unstructured text in, validated, source-grounded records out.

From a script:

    import gleanery

    for result in gleanery.run("bibliography", "references.txt"):
        print(result.status, result.output["title"])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gleanery.version import __version__ as __version__

if TYPE_CHECKING:
    from gleanery.errors import (
        ContextWindowError,
        CutReplyError,
        DeclarationError,
        EndpointError,
        ExportError,
        GleaneryError,
        LedgerError,
        ModelError,
        ModelNotFoundError,
        OverloadedError,
        ReplyError,
        SettingsError,
        SourceError,
        StalledError,
        UnsupportedError,
        UsageError,
        WorkerError,
    )
    from gleanery.jobs.job import Job
    from gleanery.pipeline.pipeline import Pipeline
    from gleanery.queue import Queue, submit
    from gleanery.running import Run, arun, run
    from gleanery.settings import Settings, load_settings
    from gleanery.tasks.declarations import Task, load_task
    from gleanery.tasks.records import Change, Issue, Record, Result, Span

__all__ = [
    "Change",
    "ContextWindowError",
    "CutReplyError",
    "DeclarationError",
    "EndpointError",
    "ExportError",
    "GleaneryError",
    "Issue",
    "Job",
    "LedgerError",
    "ModelError",
    "ModelNotFoundError",
    "OverloadedError",
    "Pipeline",
    "Queue",
    "Record",
    "ReplyError",
    "Result",
    "Run",
    "Settings",
    "SettingsError",
    "SourceError",
    "Span",
    "StalledError",
    "Task",
    "UnsupportedError",
    "UsageError",
    "WorkerError",
    "arun",
    "load_settings",
    "load_task",
    "run",
    "submit",
]

_HOME = {
    "Change": "gleanery.tasks.records",
    "ContextWindowError": "gleanery.errors",
    "CutReplyError": "gleanery.errors",
    "DeclarationError": "gleanery.errors",
    "EndpointError": "gleanery.errors",
    "ExportError": "gleanery.errors",
    "GleaneryError": "gleanery.errors",
    "Issue": "gleanery.tasks.records",
    "Job": "gleanery.jobs.job",
    "LedgerError": "gleanery.errors",
    "ModelError": "gleanery.errors",
    "ModelNotFoundError": "gleanery.errors",
    "OverloadedError": "gleanery.errors",
    "Pipeline": "gleanery.pipeline.pipeline",
    "Queue": "gleanery.queue",
    "Record": "gleanery.tasks.records",
    "ReplyError": "gleanery.errors",
    "Result": "gleanery.tasks.records",
    "Run": "gleanery.running",
    "Settings": "gleanery.settings",
    "SettingsError": "gleanery.errors",
    "SourceError": "gleanery.errors",
    "Span": "gleanery.tasks.records",
    "StalledError": "gleanery.errors",
    "Task": "gleanery.tasks.declarations",
    "UnsupportedError": "gleanery.errors",
    "UsageError": "gleanery.errors",
    "WorkerError": "gleanery.errors",
    "arun": "gleanery.running",
    "load_settings": "gleanery.settings",
    "load_task": "gleanery.tasks.declarations",
    "run": "gleanery.running",
    "submit": "gleanery.queue",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for: importing `gleanery` costs a few milliseconds."""
    if name not in _HOME:
        raise AttributeError(f"module 'gleanery' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """What is there, loaded or not."""
    return sorted({*globals(), *__all__})
