"""Writing dates the way a style or a language asks for."""

from __future__ import annotations

from gleanery.models.references.training.synthesis.csl_style import CslError, Locale, Node
from gleanery.models.references.training.synthesis.csl_text import apply_case


class DateWriter:
    """Prints dates in one language; `year_suffix` ("a" in "2011a") goes behind the year of publication."""

    def __init__(self, locale: Locale, english: bool, dash: str, year_suffix: str) -> None:
        self.locale, self.english, self.dash, self.year_suffix = locale, english, dash, year_suffix

    def write(self, node: Node, dates: list[list[int]], variable: str) -> tuple[str, str, str]:
        """What stands before the date, the date, and what stands behind it.

        The affixes at the two ends are punctuation around the date, those between its parts belong to it.
        """
        parts, delimiter = self._parts(node)
        lead, text, suffix = "", "", ""
        for part in parts:
            piece = self._part(part, dates, variable)
            if not piece:
                continue
            prefix = part.attrs.get("prefix", "")
            if not text:
                lead, text = prefix, piece
            else:
                text += suffix + delimiter + prefix + piece
            suffix = part.attrs.get("suffix", "")
        if "form" in node.attrs:
            suffix = ""  # a language's own date ends with its last part: no comma is left after "May 3" without a year
        return lead, text.replace("..", "."), suffix

    def _parts(self, node: Node) -> tuple[list[Node], str]:
        own = [child for child in node.children if child.tag == "date-part"]
        form = node.attrs.get("form")
        if form is None:
            return own, node.attrs.get("delimiter", "")
        localized = self.locale.dates.get(form)
        if localized is None:
            raise CslError(f"the locale has no {form} date")
        wanted = node.attrs.get("date-parts", "year-month-day").split("-")
        overrides = {child.attrs.get("name"): child.attrs for child in own}
        parts = [
            Node("date-part", {**part.attrs, **overrides.get(part.attrs["name"], {})}, ())
            for part in localized.children
            if part.attrs.get("name") in wanted
        ]
        return parts, localized.attrs.get("delimiter", "")

    def _part(self, part: Node, dates: list[list[int]], variable: str) -> str:
        name, form = part.attrs.get("name"), part.attrs.get("form")
        first = dates[0]
        if name == "year":
            text = self._year(first[0], form)
            if len(dates) > 1 and dates[1][0] > first[0] > 0:
                text += self.dash + self._year(dates[1][0], form)
            if variable == "issued":
                text += self.year_suffix
        elif name == "month" and len(first) > 1:
            text = self._month(first[1], form)
        elif name == "day" and len(first) > 2:
            text = self._day(first[2], form)
        else:
            return ""
        if part.attrs.get("strip-periods") == "true":
            text = text.replace(".", "")
        case = part.attrs.get("text-case")
        return apply_case([(None, text)], case, self.english)[0][1] if case else text

    def _year(self, year: int, form: str | None) -> str:
        if year < 0:
            return f"{-year}{self.locale.term('bc')}"
        return f"{year:04d}"[-2:] if form == "short" else str(year)

    def _month(self, month: int, form: str | None) -> str:
        if form == "numeric":
            return str(month)
        if form == "numeric-leading-zeros":
            return f"{month:02d}"
        return self.locale.term(f"month-{month:02d}", form or "long")

    def _day(self, day: int, form: str | None) -> str:
        if form == "ordinal" and (day == 1 or self.locale.options.get("limit-day-ordinals-to-day-1") != "true"):
            return f"{day}{self.locale.ordinal(day)}"
        return f"{day:02d}" if form == "numeric-leading-zeros" else str(day)
