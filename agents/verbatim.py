"""Texts that pass through a library which would look into them."""

from __future__ import annotations

import re
import secrets


class Verbatim:
    """Gives tokens for texts, and puts the texts in again where the tokens stand.

    CrewAI fills the places of its prompts one after another ({goal}, {role}, {backstory}, {input}, {tools}), looking at
    what it has just put in: a record that says `{tools}` lost the word, one that says `{input}` would be doubled. A
    token has no braces, cannot be guessed by who writes a record, and what is put in for it is not looked at again.
    """

    def __init__(self) -> None:
        self._name = f"text-{secrets.token_hex(16)}"
        self._tokens = re.compile(rf"{self._name}-(\d+)-")
        self._texts: list[str] = []

    def token(self, text: str) -> str:
        """What stands for the text until it is shown."""
        self._texts.append(text)
        return f"{self._name}-{len(self._texts) - 1}-"

    def shown(self, text: str) -> str:
        """The text with others in the places of their tokens."""
        return self._tokens.sub(lambda token: self._texts[int(token[1])], text)
