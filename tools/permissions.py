"""By whose leave a tool is called: what its author, the agent's declaration and the user's settings say.

None of the three knows a record, so nothing that a record says can widen what its agent may do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from gleanery.tools.tool import Tool

Permission = Literal["allow", "ask", "deny"]
Approval = Literal["once", "always", "no", "never"]
"""An answer to `ask`: yes or no to this call (`once`, `no`), or to all of the job with the tool (`always`, `never`)."""
PERMISSIONS: tuple[Permission, ...] = ("allow", "ask", "deny")


@dataclass(frozen=True, slots=True)
class Call:
    """A call that somebody is asked about. `description` is what its tool does."""

    tool: str
    arguments: Mapping[str, Any]
    network: bool
    writes: bool
    description: str = ""


def stricter(one: Permission, other: Permission) -> Permission:
    """The one of two permissions that allows less."""
    return max(one, other, key=PERMISSIONS.index)


def permission_of(tool: Tool, agent: Permission | None = None, user: Permission | None = None) -> Permission:
    """What holds for a tool, by what the agent's declaration and the user's settings say (None: nothing).

    The agent's word takes the place of the tool's own; of the agent's and the user's the stricter holds, unless the
    user allows the tool. What uses the network is allowed without asking by the user alone: an agent comes with
    a project, which may be somebody else's, and a record would leave this machine.
    """
    if user == "allow":
        return "allow"
    if user is not None:
        return stricter(user, agent or user)
    if agent is None:
        return tool.permission
    return stricter(agent, "ask") if tool.network and tool.permission != "allow" else agent


@dataclass(slots=True)
class Answers:
    """What was answered for all of a job. Shared by its records; one question is put at a time."""

    remembered: dict[str, bool] = field(default_factory=dict)
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, call: Call, approve: Callable[[Call], Approval]) -> tuple[bool, bool]:
        """Whether the call may be made, and whether that was remembered instead of asked."""
        if call.tool not in self.remembered:
            with self._asking:
                if call.tool not in self.remembered:
                    answer = approve(call)
                    if answer in ("always", "never"):
                        self.remembered[call.tool] = answer == "always"
                    return answer in ("once", "always"), False
        return self.remembered[call.tool], True
