"""What a user of the terminal UI sees: the screen as lines of text, and how to wait for something on it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from gleanery.tui.app import QueueApp
from gleanery.tui.jobs_table import JobsTable

PATIENCE = 10.0
Steps = Callable[[Pilot[str]], Awaitable[None]]


def lines_of(app: App[Any]) -> list[str]:
    """The screen as it is painted, line by line."""
    strips = app.screen._compositor.render_strips(app.size)
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


def text_of(app: App[Any]) -> str:
    """The screen as it is painted."""
    return "\n".join(lines_of(app))


async def until(pilot: Pilot[Any], holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"{what}; the screen:\n{text_of(pilot.app)}"
        await asyncio.sleep(0.02)


async def until_seen(pilot: Pilot[Any], *texts: str) -> str:
    """Wait until all those texts are on the screen: the screen."""
    await until(pilot, lambda: all(text in text_of(pilot.app) for text in texts), f"never seen: {texts}")
    return text_of(pilot.app)


async def until_gone(pilot: Pilot[Any], text: str) -> None:
    """Wait until a text is not on the screen any more."""
    await until(pilot, lambda: text not in text_of(pilot.app), f"{text!r} stays")


def use(home: Path, steps: Steps, *, columns: int = 80, rows: int = 24) -> QueueApp:
    """Do those steps in the terminal UI on the ledger in `home`."""

    async def session() -> QueueApp:
        async with opened(home, columns, rows) as pilot:
            await steps(pilot)
        return pilot.app  # type: ignore[return-value]

    return asyncio.run(session())


@asynccontextmanager
async def opened(home: Path, columns: int, rows: int) -> AsyncGenerator[Pilot[str]]:
    app = QueueApp(home)
    async with app.run_test(size=(columns, rows), notifications=True) as pilot:
        await pilot.pause()
        yield pilot


def line_with(pilot: Pilot[Any], text: str) -> str:
    """The first line of the screen with that text."""
    return next(line for line in lines_of(pilot.app) if text in line)


def seen_of(pilot: Pilot[Any]) -> list[str]:
    """The ids of the jobs of the table, from top to bottom."""
    return [job.id for job in pilot.app.screen_stack[0].query_one(JobsTable)._jobs]
