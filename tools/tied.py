"""Becomes another program, which is killed when the process that wanted it ends.

    python -I -S tied.py PID COMMAND ...       (started by `gleanery.tools.mcp`, by nobody else)

PID is that process's; Ctrl-C at the terminal is for it alone. Imports nothing but Python's own.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie, and become."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":  # elsewhere the end of its standard input must do
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before that
            os._exit(0)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"`{command[0]}` cannot be run: {error.strerror}.")


if __name__ == "__main__":
    main()
