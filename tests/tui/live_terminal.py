"""Gleanery on a terminal of its own, with somebody who looks and types."""

import errno
import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

ALTERNATE, BACK = "\x1b[?1049h", "\x1b[?1049l"
SHOW_CURSOR = "\x1b[?25h"
ROWS, COLUMNS = 24, 80
_PARTS = re.compile(r"\x1b\[(\d+);(\d+)H|\x1b\[[0-?]*[ -/]*[@-~]|\x1b.|[\r\n]|[^\x1b\r\n]+", re.DOTALL)


class LiveTerminal:
    """A process on a pseudo-terminal; what it writes is kept in `sent`."""

    def __init__(self, command: Sequence[str], home: Path, **variables: str) -> None:
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.mode = termios.tcgetattr(theirs)
        self._theirs = theirs  # kept open, so that how it is left can be looked at
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**kept, "TERM": "xterm-256color", "PYTHONUTF8": "1", "GLEANERY_HOME": str(home), **variables},
            start_new_session=True,
        )
        self.sent = ""

    def __enter__(self) -> "LiveTerminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._theirs)
        os.close(self._ours)

    def wait_for(self, text: str, patience: float = 20.0) -> float:
        """Read until that text is on the screen: seconds since the start."""
        end = time.monotonic() + patience
        while text not in screen_of(self.sent):
            assert time.monotonic() < end, f"{text!r} is never seen, but:\n{screen_of(self.sent)}"
            self._read(0.05)
        return time.perf_counter() - self.began

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def wait(self, patience: float = 20.0) -> int:
        """Read on until the process has ended: its exit code."""
        end = time.monotonic() + patience
        while self.process.poll() is None:
            assert time.monotonic() < end, "it does not end"
            self._read(0.02)
        self._read(0.05)
        return self.process.returncode

    def mode_now(self) -> list[object]:
        """How the terminal is set."""
        return termios.tcgetattr(self._theirs)

    def _read(self, seconds: float) -> None:
        while select.select([self._ours], [], [], seconds)[0]:
            try:
                self.sent += os.read(self._ours, 1 << 16).decode(errors="replace")
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                return
            seconds = 0


def screen_of(sent: str) -> str:
    """What a terminal shows that was sent this: text and where it goes, nothing else."""
    rows = [[" "] * COLUMNS for _ in range(ROWS)]
    row = column = 0
    for part in _PARTS.finditer(sent):
        if part[1]:
            row, column = int(part[1]) - 1, int(part[2]) - 1
        elif part[0] == "\r":
            column = 0
        elif part[0] == "\n":
            row = min(row + 1, ROWS - 1)
        elif not part[0].startswith("\x1b"):
            rows[row][column : column + len(part[0])] = part[0]
            column += len(part[0])
    return "\n".join("".join(row).rstrip() for row in rows)
