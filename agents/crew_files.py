"""Agents in the form of CrewAI's own agents.yaml: several in one file, by their names."""

from __future__ import annotations

from pathlib import Path

from gleanery.agents.declarations import DEFAULT_STEPS, AgentDeclaration, read_tools, steps_at
from gleanery.tasks.crew_files import NAME, check_keys, template
from gleanery.tasks.declarations import checked_model
from gleanery.tasks.entries import Entries

_REQUIRED = ("role", "goal", "backstory")
_READ = (*_REQUIRED, "llm", "tools", "max_iter", "max_execution_time")
# What Gleanery sees to by itself, or shows in another way.
_IGNORED = (
    *("verbose", "memory", "cache", "max_rpm", "max_tokens", "max_retry_limit", "respect_context_window"),
    *("use_better_compaction", "step_callback", "callbacks", "cache_handler", "embedder"),
)
# What would change an agent's work, and is not done here.
_REFUSED = {
    "allow_delegation": "an agent works alone here",
    "function_calling_llm": "an agent has one model here, which also calls its tools",
    "allow_code_execution": "code is run by tools alone",
    "code_execution_mode": "code is run by tools alone",
    "knowledge_sources": "documents are searched by the tool `search_documents`",
    "mcps": "tools of MCP servers are named in the settings",
    "guardrail": "a task names its guards in its task.yaml",
    **dict.fromkeys(
        (
            *("apps", "skills", "planning", "planning_config", "reasoning", "max_reasoning_attempts", "multimodal"),
            *("knowledge", "knowledge_storage", "knowledge_config", "agent_knowledge_context"),
            *("crew_knowledge_context", "knowledge_search_query", "guardrail_max_retries", "from_repository"),
            *("system_template", "prompt_template", "response_template", "use_system_prompt", "inject_date"),
            *("date_format", "security_config", "tool_failure_policy", "checkpoint", "a2a", "i18n", "config"),
        ),
        "Gleanery has nothing of the kind",
    ),
}


def read_agent(entries: Entries, name: str, file: Path) -> tuple[Entries, AgentDeclaration]:
    """The agent of that name in the file's entries, with its own; DeclarationError where it is declared wrongly."""
    if not NAME.fullmatch(name):
        raise entries.error(name, "is no name: an agent's has letters, digits, `_` and `-`, and starts with a letter.")
    said = entries.below(name)
    ignored = check_keys(said, _READ, required=_REQUIRED, ignored=_IGNORED, refused=_REFUSED)
    role, goal, backstory = (" ".join(template(said, key).split()) for key in _REQUIRED)
    return said, AgentDeclaration(
        name=name,
        role=role,
        goal=goal,
        backstory=backstory,
        tools=(),
        steps=steps_at(said, "max_iter") if _says(said, "max_iter") else DEFAULT_STEPS,
        file=file,
        permissions=read_tools(said) if _says(said, "tools") else {},
        models=(checked_model(said, "llm", said.text("llm").strip()),) if _says(said, "llm") else (),
        seconds=float(said.whole("max_execution_time", 1)) if _says(said, "max_execution_time") else None,
        crewai=True,
        ignored=ignored,
    )


def _says(said: Entries, key: str) -> bool:
    return key in said and not said.says_nothing(key)
