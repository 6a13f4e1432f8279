"""The toolboxes of an agent's records: its tools, by the leave that holds, with what they are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gleanery.agents.declarations import AgentDeclaration
from gleanery.tools.given import Given
from gleanery.tools.log import ToolLog
from gleanery.tools.network import Network
from gleanery.tools.options import ToolOptions
from gleanery.tools.permissions import Answers, Approval, Call, permission_of
from gleanery.tools.toolbox import Toolbox


def toolboxes(
    agent: AgentDeclaration,
    options: ToolOptions | None = None,
    *,
    approve: Callable[[Call], Approval] | None = None,
    given: Iterable[Given] = (),
) -> Callable[[ToolLog], Toolbox]:
    """Makes a record's toolbox around its log; what `approve` answers for all of a job holds for all that it makes.

    Without `options` (what the user's settings say) there is neither a workspace nor a host that may be reached.
    """
    chosen = options or ToolOptions()
    said, users = agent.permissions, chosen.permissions
    permissions = {tool.name: permission_of(tool, said.get(tool.name), users.get(tool.name)) for tool in agent.tools}
    answers, network, things = Answers(), Network(chosen.hosts, chosen.crossref), tuple(given)

    def made(log: ToolLog) -> Toolbox:
        return Toolbox(
            agent.tools,
            workspace=chosen.workspace,
            approve=approve,
            log=log,
            permissions=permissions,
            answers=answers,
            network=network,
            given=things,
        )

    return made
