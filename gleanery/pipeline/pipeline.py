"""`gleanery.Pipeline`: tasks one after another, from a script or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from gleanery.errors import UsageError
from gleanery.pipeline.declarations import read_pipeline, read_steps
from gleanery.pipeline.steps import Step, TaskStep
from gleanery.tasks.declarations import NAME, Task

if TYPE_CHECKING:
    from gleanery.pipeline.running import PipelineRun, Source
    from gleanery.settings import Settings
    from gleanery.tasks.sources import Format


class Pipeline:
    """Steps through which each record of a source goes. A step is a task, its name, or what the YAML says as a mapping.

    pipeline = Pipeline(["bibliography", {"filter": "status == 'review'"}, {"task": "reconcile"}])
    for result in pipeline.run("references.txt"):
        print(result.id, result.status)

    `name` tells it from others of the folder it is used in; what it keeps is kept under it.
    """

    def __init__(
        self, steps: Sequence[str | Task | Step | Mapping[str, Any]], *, name: str | None = None, summary: str = ""
    ) -> None:
        self.steps = read_steps(steps, Path.cwd())
        self.name = name or "-".join(task.name for task in self.tasks)
        if not NAME.fullmatch(self.name):
            raise UsageError(f"`{self.name}` is no name for a pipeline: take lower-case letters, digits and `-`.")
        self.summary = summary
        self._place = str(Path.cwd())

    @classmethod
    def load(cls, file: str | Path) -> Pipeline:
        """The pipeline that a YAML file declares.

        UsageError where there is no such file, DeclarationError where it is wrong.
        """
        said = read_pipeline(file)
        pipeline = cls(said.steps, name=said.name, summary=said.summary)
        pipeline._place = str(said.file)
        return pipeline

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Its tasks, in order."""
        return tuple(step.task for step in self.steps if isinstance(step, TaskStep))

    def run(
        self,
        source: Source,
        *,
        date: Date | None = None,
        format: Format = "auto",
        field: str | None = None,
        limit: int | None = None,
        stdin: BinaryIO | None = None,
        settings: Settings | None = None,
        anew: bool = False,
    ) -> PipelineRun:
        """Run it, and give its results as they come, in order. Arguments are those of `gleanery.run`.

        What was interrupted goes on. `anew`: nothing is taken from an earlier run.
        Raises what is wrong with its tasks and models at once, and with the source when it is read.
        """
        from gleanery.pipeline.running import Asked, PipelineRun

        settings = settings or _settings()
        asked = Asked(source, format, field, limit, date, stdin, anew)
        return PipelineRun(self.home(settings), self.steps, settings, asked)

    def home(self, settings: Settings | None = None) -> Path:
        """The folder in which it keeps what it has done."""
        from gleanery.pipeline.running import home_of

        return home_of(settings or _settings(), self.name, self._place)

    def forget(self, settings: Settings | None = None) -> bool:
        """Remove what it keeps, texts and results: whether there was anything. UsageError while it is being run."""
        from gleanery.pipeline.running import forget

        return forget(self.home(settings))


def _settings() -> Settings:
    from gleanery.settings import load_settings

    return load_settings()
