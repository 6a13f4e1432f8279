"""What threads tell the screens: only the handlers of these messages change what is shown."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from gleanery.tui.feed import View


@dataclass
class LedgerSeen(Message):
    """The ledger was read: this is what stands in it."""

    view: View


@dataclass
class LedgerLost(Message):
    """The ledger cannot be read; it is tried again. `sentence` says why."""

    sentence: str


@dataclass
class Answered(Message):
    """What was asked of the worker is done, or will be."""

    sentence: str


@dataclass
class Refused(Message):
    """What was asked of the worker cannot be done."""

    sentence: str
