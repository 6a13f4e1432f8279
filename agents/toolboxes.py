"""The toolboxes of an agent's records: its tools, by the leave that holds, with what they are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gleanery.agents.declarations import AgentDeclaration
from gleanery.tools.given import Given
from gleanery.tools.log import ToolLog
from gleanery.tools.mcp import McpTool
from gleanery.tools.network import Network
from gleanery.tools.options import ToolOptions
from gleanery.tools.permissions import Answers, Approval, Call, Permission, permission_of
from gleanery.tools.toolbox import Toolbox


def toolboxes(
    agent: AgentDeclaration,
    options: ToolOptions | None = None,
    *,
    approve: Callable[[Call], Approval] | None = None,
    answers: Answers | None = None,
    given: Iterable[Given] = (),
) -> Callable[[ToolLog], Toolbox]:
    """Makes a record's toolbox around its log; what `approve` answers for all of a job is remembered in `answers`, and
    holds for all that it makes (and for others with the same `answers`).

    Without `options` (what the user's settings say) there is neither a workspace nor a host that may be reached.
    """
    chosen = options or ToolOptions()
    said, users = agent.permissions, {**_of_servers(agent), **chosen.permissions}
    permissions = {tool.name: permission_of(tool, said.get(tool.name), users.get(tool.name)) for tool in agent.tools}
    remembered, things = Answers() if answers is None else answers, tuple(given)
    network = Network(chosen.hosts, chosen.crossref)

    def made(log: ToolLog) -> Toolbox:
        return Toolbox(
            agent.tools,
            workspace=chosen.workspace,
            approve=approve,
            log=log,
            permissions=permissions,
            answers=remembered,
            network=network,
            given=things,
        )

    return made


def _of_servers(agent: AgentDeclaration) -> dict[str, Permission]:
    """What the settings say of the tools of MCP servers: to name a server is not to allow it everything."""
    return {tool.name: tool.permission for tool in agent.tools if isinstance(tool, McpTool)}
