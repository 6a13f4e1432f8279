"""Draws docs/pictures/run.svg: the command at work on a terminal of its own, exactly as it prints."""

from __future__ import annotations

import io
import os
import pty
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "pictures" / "run.svg"
TYPED = "gleanery run bibliography examples/references.txt"
_WIDTH = 110
# Rich's own form of the picture fetches fonts from the network; this one uses those of the reader.
_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<title>gleanery run bibliography: a table of the parsed references</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    """Run the command and draw what it printed."""
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(Text.assemble(("$ ", "bold green"), TYPED))
    console.print(Text.from_ansi(_printed(TYPED.split())))
    svg = console.export_svg(title="gleanery", code_format=_SVG, unique_id="run")
    PICTURE.parent.mkdir(exist_ok=True)
    # Rich leaves spaces at the ends of lines, which no editor would.
    PICTURE.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")


def _printed(command: list[str]) -> str:
    """What the command prints on a terminal, colours and all."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(ROOT)
        environment = {**os.environ, "COLUMNS": str(_WIDTH), "LINES": "40", "TERM": "xterm-256color"}
        environment.pop("NO_COLOR", None)
        os.execve(Path(sys.executable).with_name(command[0]), command, environment)
    printed = b""
    while True:
        try:
            block = os.read(terminal, 65536)
        except OSError:  # Linux's way of saying that the other end is closed
            break
        if not block:
            break
        printed += block
    os.waitpid(process, 0)
    return printed.decode().replace("\r\n", "\n").rstrip("\n")


if __name__ == "__main__":
    main()
