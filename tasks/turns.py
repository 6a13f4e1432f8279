"""What is said to a model to get a task's answer for a record: turns of a conversation, before anything is sent."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Turn(NamedTuple):
    """One turn; `text` is exactly what the model is shown."""

    role: Literal["system", "user", "assistant"]
    text: str
