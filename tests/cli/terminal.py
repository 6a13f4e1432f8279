"""The command as a user meets it: a process of its own, its output in pipes or on a real terminal."""

import errno
import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import IO

COMMAND = [sys.executable, "-m", "gleanery"]
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_UNSET = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PYTHONWARNINGS")


def environment(**variables: str) -> dict[str, str]:
    """This process's variables without those that change how output looks."""
    kept = {name: value for name, value in os.environ.items() if name not in _UNSET}
    return {**kept, "TERM": "xterm-256color", "PYTHONUTF8": "1", **variables}


def command(*arguments: object, folder: Path | None = None, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run `gleanery` in a process of its own, its output in pipes."""
    call = [*COMMAND, *map(str, arguments)]
    return subprocess.run(call, input=stdin, capture_output=True, cwd=folder, env=environment(), timeout=60)


def on_terminal(
    *arguments: object,
    columns: int = 80,
    stdout: IO[bytes] | None = None,
    stdin: IO[bytes] | None = None,
    variables: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Run `gleanery` on a terminal of its own; its exit code, and what the terminal was sent.

    Standard output goes elsewhere where `stdout` is given.
    """
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=stdin or theirs,
        stdout=stdout or theirs,
        stderr=theirs,
        env=environment(**(variables or {})),
        start_new_session=True,
    )
    os.close(theirs)
    try:
        sent = _read_all(ours)
        return process.wait(60), sent.decode().replace("\r\n", "\n")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _read_all(descriptor: int) -> bytes:
    chunks: list[bytes] = []
    try:
        while chunk := os.read(descriptor, 1 << 16):
            chunks.append(chunk)
    except OSError as error:
        if error.errno != errno.EIO:  # how Linux says that a terminal has no other end any more
            raise
    return b"".join(chunks)


def plain(text: str) -> str:
    """The text without its colours."""
    return _COLOUR.sub("", text)
