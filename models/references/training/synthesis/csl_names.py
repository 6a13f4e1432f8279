"""Writing lists of names the way a style asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gleanery.models.references.training.synthesis.csl_item import Name
from gleanery.models.references.training.synthesis.csl_style import Locale, Node

_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ELLIPSIS = "… "


class NameWriter:
    """Prints lists of names under one set of options (CSL's `name` attributes, inherited ones included)."""

    def __init__(self, options: Mapping[str, str], name: Node | None, et_al: Node | None, locale: Locale) -> None:
        self.options = options
        self.locale = locale
        self.parts = {part.attrs.get("name", ""): part.attrs for part in (name.children if name else ())}
        self.et_al = locale.term((et_al.attrs.get("term") if et_al else None) or "et-al")

    def write(self, names: list[Name]) -> str:
        """The whole list, cut to "et al." where the style does so."""
        options = self.options
        delimiter = options.get("delimiter", ", ")
        shown = len(names)
        if shown >= int(options.get("et-al-min") or 10**6):
            shown = min(shown, int(options.get("et-al-use-first") or 1))
        written = [self._one(name, index) for index, name in enumerate(names[:shown])]
        inverted = self._inverted(shown - 1)
        if shown < len(names):
            return self._cut(written, names, delimiter, inverted)
        if len(written) == 1:
            return written[0]
        conjunction = self._conjunction()
        if not conjunction:
            return delimiter.join(written)
        inverted = self._inverted(len(written) - 2)
        comma = self._delimited(options.get("delimiter-precedes-last", "contextual"), len(written) > 2, inverted)
        return delimiter.join(written[:-1]) + (delimiter if comma else " ") + conjunction + written[-1]

    def _cut(self, written: list[str], names: list[Name], delimiter: str, inverted: bool) -> str:
        if self.options.get("et-al-use-last") == "true" and len(names) > len(written) + 1:
            return delimiter.join([*written, _ELLIPSIS + self._one(names[-1], len(names) - 1)])
        if not self.et_al:
            return delimiter.join(written)
        comma = self._delimited(self.options.get("delimiter-precedes-et-al", "contextual"), len(written) > 1, inverted)
        return delimiter.join(written) + (delimiter if comma else " ") + self.et_al

    @staticmethod
    def _delimited(rule: str, many: bool, inverted: bool) -> bool:
        if rule == "contextual":
            return many
        return rule == "always" or (rule == "after-inverted-name" and inverted)

    def _conjunction(self) -> str:
        kind = self.options.get("and")
        if kind == "symbol":
            return "& "
        return self.locale.term("and") + " " if kind == "text" else ""

    def _inverted(self, index: int) -> bool:
        order = self.options.get("name-as-sort-order")
        return order == "all" or (order == "first" and index == 0)

    def _one(self, name: Name, index: int) -> str:
        if "literal" in name:
            return self._part("family", name["literal"])
        family, given = name["family"], name.get("given", "")
        dropping, kept = name.get("dropping-particle", ""), name.get("non-dropping-particle", "")
        if _CJK.search(family):
            return family + given if _CJK.search(given) or not given else f"{family} {given}"
        given = self._given(given)
        short = self.options.get("form") == "short"
        if short or not given:
            return self._part("family", _words(kept, family))
        suffix = name.get("suffix", "")
        if not self._inverted(index):
            return _words(self._part("given", given), dropping, self._part("family", _words(kept, family)), suffix)
        separator = self.options.get("sort-separator", ", ")
        if self.options.get("demote-non-dropping-particle", "display-and-sort") == "display-and-sort":
            last, first = family, _words(given, dropping, kept)
        else:
            last, first = _words(kept, family), _words(given, dropping)
        inverted = self._part("family", last) + separator + self._part("given", first)
        return inverted + (separator + suffix if suffix else "")

    def _part(self, part: str, text: str) -> str:
        attrs = self.parts.get(part)
        if not attrs:
            return text
        if attrs.get("text-case") == "uppercase":
            text = text.upper()
        return attrs.get("prefix", "") + text + attrs.get("suffix", "")

    def _given(self, given: str) -> str:
        mark = self.options.get("initialize-with")
        if mark is None or not given:
            return given
        if self.options.get("initialize") == "false":
            return _spaced_initials(given, mark)
        return initials(given, mark, self.options.get("initialize-with-hyphen") != "false")


def initials(given: str, mark: str, hyphen: bool = True) -> str:
    """A given name as initials ("Jean-Paul" is "J.-P."), lower-case words kept."""
    pieces: list[str] = []
    for word in re.sub(r"\.(?=[^\W\d_])", ". ", given).split():
        if word.islower() and len(word) > 1:
            pieces.append((" " if pieces and not pieces[-1].endswith(" ") else "") + word + " ")
            continue
        halves = [half for half in word.split("-") if half and half[0].isalpha()]
        if not halves:
            continue
        if len(halves) == 1 and word.isupper() and 1 < len(word.rstrip(".")) <= 3:
            halves = list(word.rstrip("."))  # "JP" holds two initials already
            pieces.append("".join(half + mark for half in halves))
            continue
        between = mark.rstrip() + "-" if hyphen else mark
        pieces.append(between.join(half[0].upper() for half in halves) + mark)
    return "".join(pieces).strip()


def _spaced_initials(given: str, mark: str) -> str:
    """The initials in a name set as the style sets them; full given names stay."""
    words = re.sub(r"\.(?=[^\W\d_])", ". ", given).split()
    return "".join(word[0] + mark if _is_initial(word) else word + " " for word in words).strip()


def _is_initial(word: str) -> bool:
    return len(word.rstrip(".")) == 1 and word[0].isalpha()


def _words(*parts: str) -> str:
    text = ""
    for part in parts:
        if part:
            # "d'" and "al-" are written together with what follows
            text += part if not text or text.endswith(("'", "’", "-")) else " " + part
    return text
