"""What `haiku` returns: three lines, and the syllables in each, which are counted here and not by the model.

Syllables are counted by rules of English spelling, with a short list of exceptions: right for most words, not for all.
Names and words of other languages may be off by one; where a dialect has a choice ("fire", "hour", "every"), the
shorter count is taken.
"""

import re
from typing import Annotated, Any

from pydantic import BaseModel, Field, computed_field

FORM = (5, 7, 5)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+(?:['’][a-z]+)?|[0-9]")
_EXCEPTIONS = {
    "area": 3, "areas": 3, "argue": 2, "argues": 2, "baseline": 2, "behavior": 3, "business": 2, "codebase": 2,
    "create": 2, "created": 3, "creates": 2, "creating": 3, "different": 2, "elsewhere": 2, "evening": 2, "every": 2,
    "everything": 3, "firewall": 2, "fmt": 3, "framework": 2, "giant": 2, "giants": 2, "gofmt": 4, "idea": 3,
    "ideas": 3, "leopard": 2, "lifetime": 2, "lion": 2, "lions": 2, "naive": 2, "naked": 2, "namespace": 2, "people": 2,
    "pipeline": 2, "pipelines": 2, "poem": 2, "poems": 2, "poet": 2, "poetry": 3, "prayer": 1, "react": 2, "reality": 4,
    "science": 2, "society": 4, "soldier": 2, "something": 2, "sometimes": 2, "somewhere": 2, "theory": 2,
    "therefore": 2, "whitespace": 2, "wicked": 2,
}  # fmt: skip
_CONSONANT_Y = re.compile(r"^y|(?<=[aeiou])y(?=[aeiou])")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT_E = re.compile(
    r"(?:[aeiouy]l|ll|[^aeiouyl])e$"  # code, while; not table
    r"|(?:[aeiouy]l|[^aeiouylscxzg])(?<![cs]h)es$"  # lines, rules; not changes, watches, tables
    r"|(?:[aeiouy][lr]|[lr]l|rr|[^aeiouylrtd])ed$"  # closed, gathered; not waited, settled
    r"|[gq]ue$"  # dialogue
    r"|(?<=[aeiouy])[^aeiouy]{0,1}[^aeiouyl]e(?=ful|less|ly|ment|ness)"  # careful, homeless, safely
)
_HIATUS = re.compile(
    r"(?<![tscg])(?:(?<![ln])i[ao](?!u)|[ln]i(?:a|o)(?!u|n|r|nt))"  # piano, reliable; not nation, onion
    r"|(?<![tscg])ie(?:t|n(?!d))"  # client, quiet; not patient, friend
    r"|(?<![tscg])ious|iu|[^aeiouy]ier$"  # curious, medium, earlier
    r"|(?<!q)u(?:al|el|ous)|eo(?![un])|eon$|eum|[aeiouy]ing$"  # manual, fuel, neon, seeing
    r"|[^aeiouy]ism$|thms?$|[sd]n't$"  # prism, rhythm, didn't
)
_OF_LETTERS = {"W": 3}
_OF_DIGITS = {"0": 2, "7": 2}


class Haiku(BaseModel):
    """A poem of three lines."""

    lines: Annotated[list[str], Field(min_length=3, max_length=3)] = Field(
        description="the three lines: the first of 5 syllables, the second of 7, the third of 5; words only, "
        "no title, no numbers, no code, no rhyme; one image that can be seen or heard"
    )

    @computed_field  # type: ignore[prop-decorator]
    @property
    def syllables(self) -> list[int]:
        """The syllables of each line."""
        return [syllables_in(line) for line in self.lines]


def five_seven_five(output: dict[str, Any]) -> str | None:
    """What keeps it from being a haiku: a sentence that a model can act on."""
    wrong = [
        f'Line {number} ("{line}") has {has} syllables and must have {wanted}: {_advice(has, wanted)}'
        for number, (line, has, wanted) in enumerate(zip(output["lines"], output["syllables"], FORM, strict=True), 1)
        if has != wanted
    ]
    return " ".join(wrong) or None


def syllables_in(text: str) -> int:
    """The syllables of an English text: words, capitals read letter by letter (API), digits one by one."""
    return sum(_of_word(word) for word in _WORD.findall(text))


def _of_word(word: str) -> int:
    if word.isdigit():
        return _OF_DIGITS.get(word, 1)
    if len(word) > 1 and word.isupper() and (len(word) <= 3 or not re.search("[AEIOUY]", word)):
        return sum(_OF_LETTERS.get(letter, 1) for letter in word)
    word = word.lower().replace("’", "'").removesuffix("'s")
    return _EXCEPTIONS.get(word) or max(1, _by_rule(word))


def _by_rule(word: str) -> int:
    """Groups of vowels: one less for a silent e, one more for each two vowels that are said apart."""
    word = _CONSONANT_Y.sub("j", word)
    return len(_VOWELS.findall(word)) - len(_SILENT_E.findall(word)) + len(_HIATUS.findall(word))


def _advice(has: int, wanted: int) -> str:
    count = abs(has - wanted)
    return f"{'take away' if has > wanted else 'add'} {count} syllable{'' if count == 1 else 's'}."
