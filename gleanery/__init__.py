"""Gleanery runs declared tasks on local models: unstructured text in, validated, source-grounded records out.

From a script:

    import gleanery

    for result in gleanery.run("bibliography", "references.txt"):
        print(result.status, result.output["title"])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gleanery.errors import DeclarationError, ExportError, GleaneryError, ModelError, SourceError, UsageError
    from gleanery.running import arun, run
    from gleanery.tasks.declarations import Task, load_task
    from gleanery.tasks.records import Issue, Record, Result, Span

__version__ = "0.1.0"
__all__ = [
    "DeclarationError",
    "ExportError",
    "GleaneryError",
    "Issue",
    "ModelError",
    "Record",
    "Result",
    "SourceError",
    "Span",
    "Task",
    "UsageError",
    "arun",
    "load_task",
    "run",
]

_HOME = {
    "DeclarationError": "gleanery.errors",
    "ExportError": "gleanery.errors",
    "GleaneryError": "gleanery.errors",
    "Issue": "gleanery.tasks.records",
    "ModelError": "gleanery.errors",
    "Record": "gleanery.tasks.records",
    "Result": "gleanery.tasks.records",
    "SourceError": "gleanery.errors",
    "Span": "gleanery.tasks.records",
    "Task": "gleanery.tasks.declarations",
    "UsageError": "gleanery.errors",
    "arun": "gleanery.running",
    "load_task": "gleanery.tasks.declarations",
    "run": "gleanery.running",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for: importing `gleanery` costs a few milliseconds."""
    if name not in _HOME:
        raise AttributeError(f"module 'gleanery' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """What is there, loaded or not."""
    return sorted({*globals(), *__all__})
