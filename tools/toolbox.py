"""The calling of tools for one record: name, arguments, leave, limits and the log. Knows no agent framework."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from gleanery.errors import UsageError
from gleanery.tasks.nearest import did_you_mean
from gleanery.tools.given import Given
from gleanery.tools.limits import FailedError, TimeUpError, within
from gleanery.tools.log import Leave, ToolCall, ToolLog
from gleanery.tools.network import Network
from gleanery.tools.permissions import Answers, Approval, Call, Permission
from gleanery.tools.tool import Tool, as_text, reason
from gleanery.tools.workspace import Workspace

MOST_ARGUMENTS = 2_000_000
"""Characters of arguments that are read at all: what a file tool writes goes through them."""
MOST_ERROR = 2_000
"""Characters of an error that a model is told."""
_REFUSED = "{} is not allowed{}. Go on without it, and do not claim that you used it."


class Toolbox:
    """The tools that one record's agent has; `call` may be called from several threads at once.

    `permissions` are those that hold (see `permission_of`), else each tool's own. `approve` is asked where one says
    `ask`: where it is None nobody is there, and the call is refused. `answers` are the job's, shared by its records.
    Without a `workspace` there are no files; `network` and `given` are what else tools may be given.
    """

    def __init__(
        self,
        tools: Iterable[Tool],
        *,
        workspace: Path | None = None,
        approve: Callable[[Call], Approval] | None = None,
        log: ToolLog | None = None,
        permissions: Mapping[str, Permission] | None = None,
        answers: Answers | None = None,
        network: Network | None = None,
        given: Iterable[Given] = (),
    ) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._permissions = {tool.name: tool.permission for tool in self._tools.values()} | dict(permissions or {})
        self._approve, self._answers = approve, answers or Answers()
        self._given = [*given, network or Network()]
        if workspace is not None:
            self._given.append(Workspace(workspace))
        self.log = log if log is not None else ToolLog()

    @property
    def offered(self) -> tuple[Tool, ...]:
        """The tools that a model is shown: all that are not denied."""
        return tuple(tool for name, tool in self._tools.items() if self._permissions[name] != "deny")

    def call(self, name: str, arguments_json: str) -> str:
        """What the model is told of a call of the tool of that name, with arguments as it wrote them, in JSON.

        Never raises. What went wrong is told, after `Error: `; the whole of it is in the log.
        """
        began, clock = time.time(), time.perf_counter()
        arguments: Any = arguments_json
        leave: Leave | None = None
        result = error = None
        try:
            tool = self._tool(name)
            arguments = _read(tool, arguments_json)
            taken = tool.accept(arguments)
            leave = self._leave(tool, arguments)
            if leave == "refused":
                error = self._refusal(tool)
            else:
                result = _cut(self._run(tool, taken), tool.most)
        except FailedError as failed:
            error = reason(name, failed.cause)
        except Exception as failure:
            error = reason(name, failure)
        if error is not None:
            error = _cut(error, MOST_ERROR)
        seconds = time.perf_counter() - clock
        self.log.add(ToolCall(name, arguments, result, error, began, seconds, leave))
        return f"Error: {error}" if result is None else result

    def _tool(self, name: str) -> Tool:
        if name not in self._tools:
            names = [tool.name for tool in self.offered]
            there = f"You have: {', '.join(names)}." if names else "You have none."
            raise UsageError(f"There is no tool `{name}`.{did_you_mean(name, names)} {there}")
        return self._tools[name]

    def _leave(self, tool: Tool, arguments: Mapping[str, Any]) -> Leave:
        permission = self._permissions[tool.name]
        if permission == "allow":
            return "declared"
        if permission == "deny" or self._approve is None:
            return "refused"
        call = Call(tool.name, arguments, tool.network, tool.writes, tool.description)
        allowed, remembered = self._answers.ask(call, self._approve)
        if not allowed:
            return "refused"
        return "remembered" if remembered else "asked"

    def _refusal(self, tool: Tool) -> str:
        nobody = self._permissions[tool.name] == "ask" and self._approve is None
        return _REFUSED.format(tool.name, ": it needs somebody's leave, and nobody is there to ask" if nobody else "")

    def _run(self, tool: Tool, arguments: Mapping[str, Any]) -> str:
        filled = {name: self._thing(tool, kind) for name, kind in tool.given.items()}
        try:
            text: str = within(tool.seconds, tool.name, lambda: as_text(tool.function(**arguments, **filled)))
        except TimeUpError:
            raise UsageError(
                f"{tool.name} did not end within {tool.seconds:g} seconds and was given up. It may still be at it."
            ) from None
        return text

    def _thing(self, tool: Tool, kind: type[Given]) -> Given:
        for thing in self._given:
            if isinstance(thing, kind):
                return thing
        raise UsageError(f"{tool.name} needs a {kind.__name__.lower()}, and this job has none. Go on without it.")


def _read(tool: Tool, arguments: str) -> dict[str, Any]:
    """The arguments as an object; UsageError where they are none."""
    if len(arguments) > MOST_ARGUMENTS:
        raise UsageError(f"The arguments of {tool.name} have more than {MOST_ARGUMENTS:,} characters. Send less.")
    try:
        read = orjson.loads(arguments or "{}")
    except ValueError as error:
        raise UsageError(f"The arguments of {tool.name} are not JSON: {error}. Call it again.") from None
    if not isinstance(read, dict):
        raise UsageError(f"The arguments of {tool.name} must be one JSON object. Call it again.")
    return read


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most]}\n[Cut: these are the first {most:,} of {len(text):,} characters.]"
