"""The `gleanery` command: its subcommands, loaded when they are called, and its exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

import click

from gleanery import __version__
from gleanery.errors import ExportError, GleaneryError

COMMANDS = {
    "run": ("gleanery.cli.run:run", "Run a task over a file of records."),
    "submit": ("gleanery.cli.submit:submit", "Put a task over a file into the queue, and walk away."),
    "generate": ("gleanery.cli.generate:generate", "Write what a task's prompts ask for, by several models and seeds."),
    "pipeline": ("gleanery.cli.pipeline:pipeline", "Run tasks one after another, with tools between them."),
    "jobs": ("gleanery.cli.jobs:jobs", "List the jobs of the queue."),
    "watch": ("gleanery.cli.watch:watch", "Watch jobs go, with their rate and time left."),
    "pause": ("gleanery.cli.control:pause", "Pause jobs; what is in flight ends and is kept."),
    "resume": ("gleanery.cli.control:resume", "Let jobs go on that were paused, failed or interrupted."),
    "cancel": ("gleanery.cli.control:cancel", "Cancel jobs; what is done is kept."),
    "retry": ("gleanery.cli.control:retry", "Do failed records of jobs again, or all with another model."),
    "move": ("gleanery.cli.control:move", "Move a job to another place in the queue."),
    "delete": ("gleanery.cli.control:delete", "Delete jobs with all that belongs to them."),
    "export": ("gleanery.cli.export:export", "Write the results of a job, while it runs too."),
    "ledger": ("gleanery.cli.ledger:ledger", "Check, back up and prune the ledger."),
    "batch": ("gleanery.cli.batch:batch", "Write and read batches as vLLM and OpenAI take them."),
    "worker": ("gleanery.cli.worker:worker", "Run the process that works on the queue."),
    "tasks": ("gleanery.cli.tasks:tasks", "List the tasks of this folder and the built-in ones."),
    "agents": ("gleanery.cli.agents:agents", "List the agents of this folder and the built-in ones."),
    "show": ("gleanery.cli.tasks:show", "Show what a task declares, how a job goes, or one result."),
    "prompt": ("gleanery.cli.prompt:prompt", "Show what a chat model would be told."),
    "init": ("gleanery.cli.init:init", "Scaffold a task of your own in ./tasks."),
    "eval": ("gleanery.cli.eval:evaluate", "Score a task on annotated references."),
    "models": ("gleanery.cli.models:models", "List, pull and look after the models of your servers."),
    "doctor": ("gleanery.cli.doctor:doctor", "Check that servers and models can be used, and say how to fix it."),
    "config": ("gleanery.cli.config:config", "Show and check the settings."),
}
"""Name: (where it is, its line in the help). The line stands here so that help imports no command."""
_SECTIONS = {
    "Now": ("run", "generate", "pipeline", "eval"),
    "In the queue": ("submit", "jobs", "watch", "pause", "resume", "cancel", "retry", "move", "delete", "export"),
    "Tasks": ("tasks", "agents", "show", "prompt", "init", "batch"),
    "What it runs on": ("models", "worker", "ledger", "config", "doctor"),
}
_READER_GONE = 141
"""The exit code of a program that a closed pipe ends, as shells give it: 128 and SIGPIPE."""


class Commands(click.Group):
    """A group that imports a command only to run it or to show its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the command line; `--help` and `--version` print here."""
        with _output_said_of():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _output_said_of():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands in the help, by what they are for."""
        for title, names in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, COMMANDS[name][1]) for name in names])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was typed; a wrong one is answered with the nearest."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, 1)
            hint = f" Did you mean `gleanery {near[0]}`?" if near else " `gleanery --help` lists the commands."
            ctx.fail(f"There is no command `{name}`.{hint}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog='Tab completion: eval "$(_GLEANERY_COMPLETE=bash_source gleanery)" (or zsh_source, fish_source).',
)
@click.version_option(__version__, "--version", prog_name="gleanery")
@click.pass_context
def gleanery(ctx: click.Context) -> None:
    """Run declared tasks on local models: unstructured text in, validated records out.

    Alone, on a terminal, it opens the queue.

    \b
    Try:  gleanery run bibliography references.txt
          gleanery run bibliography references.txt -o references.bib
          gleanery doctor
    """
    if ctx.invoked_subcommand is None:
        if sys.stdin.isatty() and sys.stdout.isatty():
            from gleanery.settings import load_settings

            # By name: the doors do not know each other.
            import_module("gleanery.tui.app").open_queue(load_settings().home)
            return
        click.echo(ctx.get_help())
        ctx.exit(2)


def _replace_closed_streams() -> None:
    """Put the null device where the caller closed a standard stream (`<&-`): Python has None there."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115


@contextmanager
def _output_said_of() -> Generator[None, None, None]:
    """End without a word where the reader of the output goes (`gleanery ... | head`), in a sentence on a full disk."""
    try:
        yield
    except BrokenPipeError:
        _leave_unsaid(sys.stdout, sys.stderr)
        sys.exit(_READER_GONE)
    except OSError as error:
        from gleanery.tasks.exports.whole import is_full, sentence

        if not is_full(error):
            raise
        _leave_unsaid(sys.stdout)
        raise ExportError(sentence("standard output", error)) from error


def _leave_unsaid(*streams: TextIO) -> None:
    """Send what is still to be flushed at the end to nowhere: Python would complain of it again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream.fileno())


def main(argv: list[str] | None = None) -> Any:
    """The entry point: what Gleanery reports is a sentence on standard error and an exit code, never a traceback."""
    _replace_closed_streams()
    try:
        color = False if os.environ.get("NO_COLOR") else None
        code = gleanery.main(argv, prog_name="gleanery", standalone_mode=False, color=color)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except GleaneryError as error:
        click.echo(f"Error: {error}", err=True)
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else 0)
