"""Writes what the documentation shows of the command: every `--help`, the outputs in README.md, and the picture.

    python docs/commands.py [--check]

With --check it writes nothing, and fails when the page of helps is not what the commands say; a test does that.
Outputs and picture depend on the weights: run this again after a training.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import picture

from gleanery.cli.main import COMMANDS, gleanery

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "commands.md"
README = ROOT / "README.md"
_WIDTH = 100
_SHOWN = re.compile(r"(<!-- output of: (.+?) -->\n```\w*\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def main() -> None:
    """Write them all, or check."""
    if "--check" in sys.argv[1:]:
        sys.exit(f"{PAGE} is stale: run `make docs`" if page() != PAGE.read_text(encoding="utf-8") else 0)
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(with_outputs(README.read_text(encoding="utf-8")), encoding="utf-8")
    picture.main()


def page() -> str:
    """The text of commands.md: the help of the command and of each of its subcommands."""
    top = click.Context(gleanery, info_name="gleanery", terminal_width=_WIDTH, **gleanery.context_settings)
    parts = ["# Commands\n\nEvery command's own help, as `--help` prints it. Written by `make docs`.\n"]
    parts.append(_section("gleanery", gleanery.get_help(top)))
    for name in COMMANDS:
        command = gleanery.get_command(top, name)
        assert command is not None
        parts += _sections(command, click.Context(command, top, name))
    return "\n".join(parts)


def _sections(command: click.Command, context: click.Context) -> list[str]:
    """A command's help, and those of its subcommands."""
    sections = [_section(context.command_path, command.get_help(context))]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            sections += _sections(below, click.Context(below, context, name))
    return sections


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n```text\n{click.unstyle(text).rstrip()}\n```\n"


def with_outputs(text: str) -> str:
    """The page with each block after `<!-- output of: COMMAND -->` holding what the command now prints."""
    return _SHOWN.sub(lambda shown: shown[1] + _printed(shown[2]), text)


def _printed(command: str) -> str:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "COLUMNS": str(_WIDTH)}
    done = subprocess.run(command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.rstrip("\n") + "\n"


if __name__ == "__main__":
    main()
