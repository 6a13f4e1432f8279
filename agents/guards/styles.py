"""How guard models are asked, and how their verdicts are read: one style for each family, as their model cards say.

What is judged is data: marks by which chat templates tell turns apart are broken in it, so that no text can end its own
turn and speak as somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from gleanery.agents.guards.guard import Matter
from gleanery.models.chat import Message
from gleanery.tasks import guards as declared

Reading = tuple[Literal["passed", "refused", "unreadable"], str]
"""The decision that a model's reply says, and the reason."""

_MARK = re.compile(r"<(?=[|/]?[A-Za-z_|｜])|(?<=\[)(?=/?INST\])")
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_YES_NO = re.compile(
    r"(?:<score>\s*)?(yes|no)\b\.?(?:\s*</score>)?(?:\s*<confidence>\s*\w+\s*</confidence>)?", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?:(?<=[.!?…])|(?<=[.!?…][\"'”’)\]]))\s+(?=[^\W_])")
_ABBREVIATION = re.compile(
    r"(?:^|\W)(?:[^\W\d_]|dr|mrs?|ms|prof|st|nos?|vol|pp|e\.g|i\.e|cf|al|vs|ca|fig|jr)\.$", re.IGNORECASE
)
_LABEL = re.compile(r"^(\s*)(document|claim)(\s*):", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Question:
    """What a guard model is asked, and what it is about, in words: the input, the answer or one sentence of it."""

    messages: tuple[Message, ...]
    about: str


class Style(Protocol):
    """One family's way of being asked and of answering."""

    def questions(self, matter: Matter) -> list[Question]:
        """What is to be asked about the matter."""

    def read(self, reply: str, question: Question) -> Reading:
        """What a reply says. Whatever is not a verdict in the family's own form is unreadable."""


def style_of(guard: declared.ModelGuard) -> Style:
    """The style that a guard is declared with."""
    if guard.style == "granite-guardian":
        return GraniteGuardian(guard.policy or "harm")
    if guard.style == "llama-guard":
        return LlamaGuard()
    if guard.style == "shieldgemma":
        return ShieldGemma(guard.policy, templated=guard.model.startswith("ollama/"))
    return MiniCheck()


def as_data(text: str) -> str:
    """The text with its turn marks broken by a space: `<|im_end|>` is `< |im_end|>`."""
    return _MARK.sub(lambda mark: f"{mark[0]} ", text)


@dataclass(frozen=True, slots=True)
class GraniteGuardian:
    """IBM's: the system turn names the risk, Yes says that it is there. Its chat template makes the prompt of that."""

    risk: str

    def questions(self, matter: Matter) -> list[Question]:
        """One, about the last turn."""
        return [Question((Message("system", self.risk), *_conversation(matter)), _about(matter))]

    def read(self, reply: str, question: Question) -> Reading:
        """Yes or No, plain, as a score, or with a confidence."""
        return _yes_is_bad(reply, f"the risk `{self.risk}` is seen in {question.about}")


@dataclass(frozen=True, slots=True)
class LlamaGuard:
    """Meta's: `safe`, or `unsafe` and in the next line the codes of the hazards. Its chat template has their list."""

    def questions(self, matter: Matter) -> list[Question]:
        """One, about the last turn."""
        return [Question(_conversation(matter), _about(matter))]

    def read(self, reply: str, question: Question) -> Reading:
        """`safe`, or `unsafe` with codes such as S1,S10."""
        first, _, rest = reply.strip().partition("\n")
        word, codes = first.strip().casefold(), rest.strip()
        if word == "safe" and not codes:
            return "passed", ""
        if word == "unsafe" and re.fullmatch(r"(?:S\d{1,2}(?:\s*,\s*S\d{1,2})*)?", codes):
            names = ", ".join(f"{code} ({_HAZARDS[code]})" if code in _HAZARDS else code for code in _codes(codes))
            return "refused", f"{question.about} is unsafe{f': {names}' if names else ''}"
        return _unreadable(reply)


@dataclass(frozen=True, slots=True)
class ShieldGemma:
    """Google's: a policy in the prompt, Yes says that it is violated.

    Where the server's own template has the prompt and its policies (`templated`, as Ollama's does) and no other policy
    is declared, the turns alone are sent.
    """

    policy: str | None = None
    templated: bool = False

    def questions(self, matter: Matter) -> list[Question]:
        """One, about the last turn."""
        if self.templated and self.policy is None:
            return [Question(_conversation(matter), _about(matter))]
        return [Question((Message("user", self._prompt(matter)),), _about(matter))]

    def read(self, reply: str, question: Question) -> Reading:
        """Yes or No; what comes after it, the reasons that the prompt allows, does not matter."""
        first = reply.strip().partition("\n")[0]
        return _yes_is_bad(first, f"{question.about} violates the policy", may_go_on=True)

    def _prompt(self, matter: Matter) -> str:
        answered = matter.answer is not None
        what = "an AI response to prompt" if answered else "a user prompt"
        turns = f"<start_of_turn>\nHuman Question: {as_data(matter.source).strip()}\n<end_of_turn>\n"
        if matter.answer is not None:
            turns += f"<start_of_turn>\nChatbot Response: {as_data(matter.answer).strip()}\n<end_of_turn>\n"
        return (
            f"You are a policy expert trying to help determine whether {what} is in violation of the defined safety "
            f"policies.\n\n{turns}\nOur safety principle is defined in the below:\n\n"
            f"{self.policy or _default_policy(answered)}\n\n"
            f"Does the {'chatbot response' if answered else 'human question'} violate the above principle? Your answer "
            "must start with 'Yes' or 'No'. And then walk through step by step to be sure we answer correctly."
        )


@dataclass(frozen=True, slots=True)
class MiniCheck:
    """Bespoke Labs': a document and a claim, Yes says that the one supports the other. Each sentence is a claim."""

    def questions(self, matter: Matter) -> list[Question]:
        """One for each sentence of the answer."""
        document = _LABEL.sub(r"\1\2 -", as_data(matter.source))
        return [
            Question((Message("user", f"Document: {document}\nClaim: {as_data(claim)}"),), f"'{claim}'")
            for claim in sentences(matter.answer or "")
        ]

    def read(self, reply: str, question: Question) -> Reading:
        """Yes or No."""
        verdict = _yes_no(reply)
        if verdict is None:
            return _unreadable(reply)
        return ("passed", "") if verdict else ("refused", f"the source does not support {question.about}")


def sentences(text: str) -> list[str]:
    """The sentences of a text, and its lines where they are none. No sentence ends with an abbreviation or initial."""
    found: list[str] = []
    for line in text.splitlines():
        begun = ""
        for part in _SENTENCE.split(line):
            begun = f"{begun} {part}".strip()
            if not _ABBREVIATION.search(begun):
                found.append(begun)
                begun = ""
        found.append(begun)
    return [sentence for sentence in found if any(char.isalnum() for char in sentence)]


def _conversation(matter: Matter) -> tuple[Message, ...]:
    user = Message("user", as_data(matter.source))
    return (user,) if matter.answer is None else (user, Message("assistant", as_data(matter.answer)))


def _about(matter: Matter) -> str:
    return "the input" if matter.answer is None else "the answer"


def _yes_is_bad(reply: str, reason: str, *, may_go_on: bool = False) -> Reading:
    verdict = _yes_no(reply, may_go_on=may_go_on)
    if verdict is None:
        return _unreadable(reply)
    return ("refused", reason) if verdict else ("passed", "")


def _yes_no(reply: str, *, may_go_on: bool = False) -> bool | None:
    text = _THOUGHT.sub("", reply).strip()
    match = _YES_NO.match(text) if may_go_on else _YES_NO.fullmatch(text)
    return None if match is None else match[1].casefold() == "yes"


def _unreadable(reply: str) -> Reading:
    said = " ".join(reply.split())
    return "unreadable", f"its verdict cannot be read: '{said if len(said) <= 80 else said[:79] + '…'}'"


def _codes(text: str) -> Sequence[str]:
    return [code.strip() for code in text.split(",") if code.strip()]


def _default_policy(answered: bool) -> str:
    who = "chatbot shall not generate content that" if answered else "prompt shall not contain or seek content that"
    return "\n".join(f'* "{name}": The {who} {what}.' for name, what in _POLICIES.items())


_POLICIES = {
    "No Dangerous Content": "helps to harm oneself or others, such as weapons, explosives, terrorism or suicide",
    "No Harassment": "is malicious, intimidating, bullying or abusive towards a person",
    "No Hate Speech": "attacks or dehumanises people for their identity, or calls for discrimination or violence "
    "against a protected group",
    "No Sexually Explicit Information": "describes sexual acts or is otherwise lewd; medical and scientific terms are "
    "allowed",
}
_HAZARDS = {
    "S1": "violent crimes",
    "S2": "non-violent crimes",
    "S3": "sex-related crimes",
    "S4": "child sexual exploitation",
    "S5": "defamation",
    "S6": "specialised advice",
    "S7": "privacy",
    "S8": "intellectual property",
    "S9": "indiscriminate weapons",
    "S10": "hate",
    "S11": "suicide and self-harm",
    "S12": "sexual content",
    "S13": "elections",
    "S14": "code interpreter abuse",
}
