"""Figures, times and text from outside, as a line of the terminal shows them."""

from __future__ import annotations

import time

_MILLION = 1_000_000
_LONGEST = 400
"""Characters of a text that are looked at: more than a terminal is wide."""


def count_of(number: int) -> str:
    """A count in at most seven characters, up to ten thousand million."""
    return f"{number:,}" if number < _MILLION else f"{number / _MILLION:,.2f}M"


def rate_of(rate: float) -> str:
    """Records a second in at most seven characters."""
    if rate >= 10_000:
        return f"{rate / 1000:,.0f}k/s"
    return f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s"


def duration_of(seconds: float) -> str:
    """A duration in at most seven characters, its two largest units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}h{minutes:02}m"
    return f"{hours // 24:,}d{hours % 24:02}h"


def moment_of(at: float, now: float) -> str:
    """A time of the last day as a clock shows it, an older one with its date."""
    return time.strftime("%H:%M:%S" if now - at < 86_400 else "%Y-%m-%d %H:%M", time.localtime(at))


def jobs_of(number: int) -> str:
    """So many jobs, in words."""
    return "1 job" if number == 1 else f"{number:,} jobs"


def printable(text: str) -> str:
    """Text from outside on one line, without the characters that a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text[:_LONGEST]).strip()
