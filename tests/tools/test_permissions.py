"""What holds for a tool: its own word, the agent's, and the user's."""

from itertools import product

import pytest

from gleanery.tools.crossref import crossref_lookup
from gleanery.tools.files import write_file
from gleanery.tools.identifiers import check_identifier
from gleanery.tools.permissions import PERMISSIONS, Permission, permission_of, stricter
from gleanery.tools.tool import Tool, tool_of
from gleanery.tools.web import http_get


def of(function: object) -> Tool:
    found = tool_of(function)
    assert found
    return found


def test_a_tool_says_what_it_does() -> None:
    assert (of(check_identifier).permission, of(write_file).permission) == ("allow", "ask")
    assert (of(crossref_lookup).permission, of(http_get).permission) == ("deny", "deny")
    assert of(http_get).network
    assert of(write_file).writes


@pytest.mark.parametrize(
    ("tool", "agent", "user", "holds"),
    [
        (check_identifier, None, None, "allow"),
        (check_identifier, "ask", None, "ask"),
        (check_identifier, None, "deny", "deny"),
        (check_identifier, "deny", "ask", "deny"),
        (write_file, "allow", None, "allow"),
        (write_file, "allow", "ask", "ask"),
        (write_file, None, "allow", "allow"),
        (write_file, "ask", "allow", "allow"),
        (crossref_lookup, None, None, "deny"),
        (crossref_lookup, "ask", None, "ask"),
        (crossref_lookup, "allow", None, "ask"),
        (crossref_lookup, "allow", "allow", "allow"),
        (crossref_lookup, None, "ask", "ask"),
        (crossref_lookup, "allow", "ask", "ask"),
    ],
)
def test_what_holds(tool: object, agent: Permission | None, user: Permission | None, holds: Permission) -> None:
    assert permission_of(of(tool), agent, user) == holds


def test_what_the_user_does_not_allow_no_agent_does() -> None:
    said: tuple[Permission, ...] = ("ask", "deny")
    for function, agent, user in product((check_identifier, write_file, http_get), PERMISSIONS, said):
        holds = permission_of(of(function), agent, user)
        assert stricter(holds, user) == holds


def test_the_network_is_allowed_by_the_user_alone() -> None:
    agents: tuple[Permission | None, ...] = (None, *PERMISSIONS)
    assert "allow" not in {permission_of(of(http_get), agent) for agent in agents}
