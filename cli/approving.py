"""Asks on the terminal whether an agent may call a tool."""

from __future__ import annotations

import json
import os
import select
import sys
import termios
import threading
from typing import TYPE_CHECKING, Any, TextIO

import click

from gleanery.cli.screen import Screen

if TYPE_CHECKING:
    from gleanery.tools.permissions import Approval, Call

_QUESTION = "Allow it? [o]nce, for this [j]ob, [n]o, ne[v]er: "
_AGAIN = "Please type o, j, n or v, and Enter: "
_MEANT: dict[str, Approval] = {
    "o": "once", "once": "once", "j": "always", "job": "always", "for this job": "always",
    "n": "no", "no": "no", "v": "never", "never": "never",
}  # fmt: skip
_LONGEST = 1_000
"""Characters of an argument that are shown."""
_LOOK = 0.1
"""Seconds between two looks at whether the question is still wanted."""


class TerminalApproval:
    """Whoever sits at the terminal `answers` (a descriptor) is asked on `out`, in the midst of what `screen` shows.

    One question at a time, from any thread. Once the screen is over, a pending question is taken back, and whoever asks
    is told no. What is typed before a question is shown does not answer it.
    """

    def __init__(self, screen: Screen, answers: int, out: TextIO) -> None:
        self._screen, self._answers, self._out = screen, answers, out
        self._turn = threading.Lock()

    def __call__(self, call: Call) -> Approval:
        """The answer; no where nobody can give one."""
        with self._turn:
            if self._screen.over.is_set() or _in_background(self._answers):
                return "no"
            with self._screen.asking():
                try:
                    return self._asked(call)
                except (OSError, termios.error):  # the terminal is gone
                    return "no"

    def _asked(self, call: Call) -> Approval:
        question = "\n".join(("", *described(call), _QUESTION))
        termios.tcflush(self._answers, termios.TCIFLUSH)
        self._say(question)
        while (typed := self._line()) is not None:
            if (said := " ".join(typed.lower().split())) in _MEANT:
                return _MEANT[said]
            self._say(_AGAIN)
        self._say("\n")
        return "no"

    def _line(self) -> str | None:
        """What is typed, up to Enter; None where nothing more will be, or where it is no longer wanted."""
        while not self._screen.over.is_set():
            if select.select([self._answers], [], [], _LOOK)[0]:
                return os.read(self._answers, 4096).decode(errors="replace") or None
        return None

    def _say(self, text: str) -> None:
        click.echo(text, file=self._out, nl=False)
        self._out.flush()


def terminal_approval(screen: Screen) -> TerminalApproval | None:
    """The one who sits at this process's terminal; None where it has none, for its input or for its messages."""
    try:
        answers = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return None
    return TerminalApproval(screen, answers, sys.stderr) if os.isatty(answers) and sys.stderr.isatty() else None


def described(call: Call) -> list[str]:
    """What a call is and would do, in lines. Nothing in it can move the cursor or hide what stands before it."""
    lines = [f"The agent wants to call {_shown(call.tool)}: {_shown(call.description)}"]
    if call.writes:
        lines.append("  It writes: what it changes stays changed.")
    if call.network:
        lines.append("  It uses the network: what it is given leaves this machine.")
    return [*lines, *(f"  {_shown(name)}: {_value(value)}" for name, value in call.arguments.items())]


def _value(value: Any) -> str:
    return _shown(json.dumps(value, ensure_ascii=False, default=str))


def _shown(text: str) -> str:
    cut = f" … and {len(text) - _LONGEST:,} characters more" if len(text) > _LONGEST else ""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:_LONGEST]) + cut


def _in_background(terminal: int) -> bool:
    """Whether the shell has put this process behind another, where to read from the terminal would stop it."""
    try:
        return os.tcgetpgrp(terminal) != os.getpgrp()
    except OSError:  # it is not the terminal that governs this process: nobody is in front
        return False
