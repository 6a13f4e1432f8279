"""Walking a CSL style over an item; every printed value keeps the label of the part of a reference that it is."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

from gleanery.models.references.training.synthesis.csl_dates import DateWriter
from gleanery.models.references.training.synthesis.csl_item import DATE_VARIABLES, NAME_VARIABLES, Item, Name
from gleanery.models.references.training.synthesis.csl_names import NameWriter
from gleanery.models.references.training.synthesis.csl_style import CslError, Locale, Node, Style
from gleanery.models.references.training.synthesis.csl_text import (
    CLOSE_QUOTE,
    OPEN_QUOTE,
    Runs,
    apply_case,
    join,
    map_text,
    page_range,
    tidy,
)

TEXT_LABELS = {
    "title": "title", "title-short": "title", "container-title": "container-title",
    "container-title-short": "container-title", "collection-title": "collection-title",
    "collection-title-short": "collection-title", "volume": "volume", "issue": "issue", "page": "page",
    "page-first": "page", "publisher": "publisher", "publisher-place": "publisher-place",
    "event-place": "publisher-place", "edition": "edition", "genre": "genre", "number": "number", "DOI": "doi",
    "URL": "url", "ISBN": "isbn", "ISSN": "issn", "PMID": "pmid", "note": "note", "archive": "archive",
    "archive_location": "archive", "archive-place": "archive", "citation-number": "citation-number",
    "citation-label": "citation-number",
}  # fmt: skip
NAME_LABELS = dict.fromkeys(NAME_VARIABLES) | {
    "author": "author", "composer": "author", "director": "author", "performer": "author", "script-writer": "author",
    "editor": "editor", "collection-editor": "editor", "compiler": "editor", "editorial-director": "editor",
    "editor-translator": "editor", "translator": "translator",
}  # fmt: skip
DATE_LABELS = {"issued": "date", "accessed": "accessed"}

_NAME_OPTIONS = {
    "and", "delimiter-precedes-et-al", "delimiter-precedes-last", "et-al-min", "et-al-use-first", "et-al-use-last",
    "initialize", "initialize-with", "initialize-with-hyphen", "name-as-sort-order", "sort-separator",
    "demote-non-dropping-particle",
}  # fmt: skip
_NUMERIC = re.compile(r"[^\W\d_]{0,3}\d+[^\W\d_]{0,2}(?:\s*[,&\-–]\s*[^\W\d_]{0,3}\d+[^\W\d_]{0,2})*$")
_SEVERAL = re.compile(r"\d\s*(?:[,&\-–—]|and|et|und)\s*[^\W\d_]?\d")
_ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_MAX_DEPTH = 80


class Renderer:
    """One rendering of one item in one style and language."""

    def __init__(
        self, style: Style, locale: Locale, english: bool, item: Item, rng: random.Random, in_note: bool
    ) -> None:
        self.style, self.locale, self.english, self.item = style, locale, english, item
        area = style.note if in_note else style.bibliography
        layout = area.child("layout") if area else None
        if area is None or layout is None:
            raise CslError(f"{style.name}: no layout")
        self.in_note, self.area, self.layout = in_note, area, layout
        self.called = self.filled = self.depth = 0
        self.delimiter = ""
        self.suppressed: set[str] = set()
        self.substituting: list[str] | None = None
        self.replaced: Node | None = None
        self.dash = rng.choices(("–", "-", "--"), (55, 40, 5))[0]
        # A year suffix is what a list gets when an author has two works of a year; one in twenty has.
        suffixed = style.citation_format == "author-date" and rng.random() < 0.05
        self.year_suffix = rng.choice("aabbc") if suffixed else ""
        suffix = "" if style.explicit_suffix else self.year_suffix
        self.dates = DateWriter(locale, english, self.dash, suffix)
        self.tags: dict[str, Callable[[Node], Runs]] = {
            "text": self._text, "names": self._names, "date": self._date, "number": self._number,
            "label": self._label, "group": self._group, "choose": self._choose, "substitute": lambda node: [],
        }  # fmt: skip

    def entry(self) -> Runs:
        """The reference, finished."""
        layout = self.layout
        runs = self._affixed(layout, self._children(layout))
        term = self.locale.term
        quotes = (term("open-quote"), term("close-quote"), term("open-inner-quote"), term("close-inner-quote"))
        runs = tidy(runs, quotes, self.locale.options.get("punctuation-in-quote") == "true")
        if not any(label for label, _ in runs):
            raise CslError("the style prints nothing for this item")
        return _spaced_number(runs)

    # What is common to all elements

    def _node(self, node: Node) -> Runs:
        render = self.tags.get(node.tag)
        if render is None:
            return []
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise CslError(f"{self.style.name}: elements nested too deeply")
        runs = render(node)
        self.depth -= 1
        return runs

    def _children(self, node: Node, delimiter: str = "") -> Runs:
        outer, self.delimiter = self.delimiter, delimiter
        runs = join([self._node(child) for child in node.children], delimiter)
        self.delimiter = outer
        return runs

    def _affixed(self, node: Node, runs: Runs) -> Runs:
        if not runs:
            return runs
        attrs = node.attrs
        if attrs.get("quotes") == "true":
            runs = [(None, OPEN_QUOTE), *runs, (None, CLOSE_QUOTE)]
        prefix, suffix = attrs.get("prefix"), attrs.get("suffix")
        display = attrs.get("display")
        if prefix or suffix or display:
            after = (suffix or "") + (" " if display in ("left-margin", "block") else "")
            before = (" " if display in ("right-inline", "block", "indent") else "") + (prefix or "")
            runs = [(None, before), *runs, (None, after)]
        return runs

    def _styled(self, node: Node, runs: Runs) -> Runs:
        if not runs:
            return runs
        if node.attrs.get("strip-periods") == "true":
            runs = map_text(runs, lambda text: text.replace(".", ""))
        if "text-case" in node.attrs:
            runs = apply_case(runs, node.attrs["text-case"], self.english)
        return self._affixed(node, runs)

    def _call(self, variable: str, present: bool) -> None:
        """Note that a variable was asked for: groups are dropped when all of theirs are empty."""
        self.called += 1
        if present:
            self.filled += 1
            if self.substituting is not None:
                self.substituting.append(variable)

    def _value(self, variable: str, form: str = "") -> str:
        value = "" if variable in self.suppressed else self._raw(variable, form)
        self._call(variable, bool(value))
        return value

    def _raw(self, variable: str, form: str = "") -> str:
        if variable == "year-suffix":
            return self.year_suffix
        if variable == "citation-label":
            return self._citation_label()
        if variable == "page-first":
            return re.split(r"[-–—,\s]", self.item.get("page", ""))[0]
        value = self.item.get(f"{variable}-short") if form == "short" else None
        value = value or self.item.get(variable, "")
        if value and variable == "page":
            value = page_range(value, self.style.root.attrs.get("page-range-format", ""), self.dash)
        return value if isinstance(value, str) else ""

    def _citation_label(self) -> str:
        names = self.item.get("author") or self.item.get("editor") or []
        families = [name.get("family") or name.get("literal", "") for name in names][:4]
        letters = "".join(family[: 4 if len(families) == 1 else 1] for family in families)
        year = (self.item.get("issued", {}).get("date-parts") or [[""]])[0][0]
        return f"{letters}{str(year)[-2:]}" if letters else ""

    def _labelled(self, variable: str, value: str) -> Runs:
        label = TEXT_LABELS.get(variable)
        if variable == "collection-number" and "volume" not in self.item:
            label = "volume"
        return [(label, value)]

    # The elements

    def _text(self, node: Node) -> Runs:
        attrs = node.attrs
        runs: Runs = []
        if "variable" in attrs:
            value = self._value(attrs["variable"], attrs.get("form", ""))
            if attrs["variable"] == "year-suffix" and value:
                runs = [("date", value)]
            elif value:
                runs = self._labelled(attrs["variable"], value)
        elif "macro" in attrs:
            macro = self.style.macros.get(attrs["macro"])
            if macro is None:
                raise CslError(f"{self.style.name}: no macro {attrs['macro']!r}")
            runs = self._children(macro)
        elif "term" in attrs:
            term = self.locale.term(attrs["term"], attrs.get("form", "long"), attrs.get("plural") == "true")
            runs = [(None, term)] if term else []
        elif attrs.get("value"):
            runs = [(None, attrs["value"])]
        return self._styled(node, runs)

    def _number(self, node: Node) -> Runs:
        variable = node.attrs.get("variable", "")
        value = self._value(variable)
        if not value:
            return []
        form = node.attrs.get("form", "numeric")
        if value.isdecimal() and form != "numeric" and len(value) < 5:
            number = int(value)
            spelled = self.locale.term(f"long-ordinal-{number:02d}") if form == "long-ordinal" else ""
            if spelled:
                value = spelled
            elif form.endswith("ordinal"):
                value += self.locale.ordinal(number)
            elif form == "roman" and number < 40:
                value = _roman(number)
        return self._styled(node, self._labelled(variable, value))

    def _label(self, node: Node) -> Runs:
        variable = node.attrs.get("variable", "")
        value = "" if variable in self.suppressed else self._raw(variable)
        if not value or variable == "locator":
            return []
        rule = node.attrs.get("plural", "contextual")
        if variable.startswith("number-of-"):
            several = value != "1"
        else:
            several = bool(_SEVERAL.search(value)) and (variable == "page" or bool(_NUMERIC.match(value)))
        plural = rule == "always" or (rule == "contextual" and several)
        term = self.locale.term(variable, node.attrs.get("form", "long"), plural)
        return self._styled(node, [(None, term)] if term else [])

    def _group(self, node: Node) -> Runs:
        called, filled = self.called, self.filled
        runs = self._children(node, node.attrs.get("delimiter", ""))
        if self.called > called and self.filled == filled:
            return []
        return self._affixed(node, runs)

    def _choose(self, node: Node) -> Runs:
        for branch in node.children:
            if branch.tag == "else" or self._holds(branch):
                return self._children(branch, self.delimiter)  # the group around a choice reaches into it
        return []

    # Conditions

    def _holds(self, branch: Node) -> bool:
        rule = branch.attrs.get("match", "all")
        results = (
            test(value)
            for name, values in branch.attrs.items()
            if (test := self._test(name)) is not None
            for value in values.split()
        )
        if rule == "any":
            return any(results)
        if rule == "none":
            return not any(results)
        return all(results)

    def _test(self, name: str) -> Callable[[str], bool] | None:
        if name == "type":
            return lambda value: self.item["type"] == value
        if name == "variable":
            return self._has
        if name == "is-numeric":
            return lambda value: bool(_NUMERIC.match(self._raw(value) if isinstance(value, str) else ""))
        if name == "position":
            return lambda value: self.in_note and value == "first"
        if name in ("is-uncertain-date", "locator"):
            return lambda value: False
        if name == "disambiguate":
            return lambda value: value == "false"
        return None

    def _has(self, variable: str) -> bool:
        return bool(self.item.get(variable)) if variable != "year-suffix" else bool(self.year_suffix)

    # Names

    def _names(self, node: Node) -> Runs:
        # In a substitute a bare `names` takes its form from the names that it stands in for.
        stand_in = self.replaced is not None and not node.children
        form = self.replaced if self.replaced is not None and stand_in else node
        variables = node.attrs.get("variable", "").split()
        people = {
            variable: self.item[variable]
            for variable in variables
            if variable in NAME_VARIABLES and variable not in self.suppressed and self.item.get(variable)
        }
        for variable in variables:
            self._call(variable, variable in people)
        if not people:
            substitute = None if stand_in else node.child("substitute")
            return self._substitute(node, substitute) if substitute else []
        name, label = form.child("name"), form.child("label")
        options = self._name_options(form, name)
        if options.get("form") == "count":
            return []
        writer = NameWriter(options, name, form.child("et-al"), self.locale)
        if len(people) == 2 and variables in (["editor", "translator"], ["translator", "editor"]):
            people = _same_people(people)
        before = label is not None and name is not None and form.children.index(label) < form.children.index(name)
        parts = [self._name_list(variable, names, writer, label, before) for variable, names in people.items()]
        delimiter = form.attrs.get("delimiter") or self._inherited("names-delimiter") or ""
        runs = join(parts, delimiter)
        if name is not None:
            runs = self._affixed(name, runs)
        return self._affixed(node if form is node else Node("names", {**form.attrs, **node.attrs}, ()), runs)

    def _name_list(
        self, variable: str, names: list[Name], writer: NameWriter, label: Node | None, before: bool
    ) -> Runs:
        kind = "editor" if variable == "editortranslator" else NAME_LABELS[variable]
        runs: Runs = [(kind, writer.write(names))]
        if label is None:
            return runs
        plural = label.attrs.get("plural") != "never" and len(names) > 1
        term = self.locale.term(variable, label.attrs.get("form", "long"), plural)
        role = self._styled(label, [(None, term)] if term else [])
        return role + runs if before else runs + role

    def _substitute(self, names: Node, substitute: Node) -> Runs:
        for child in substitute.children:
            outer = self.substituting, self.replaced
            self.substituting, self.replaced = [], names
            runs = self._node(child)
            used = self.substituting
            self.substituting, self.replaced = outer
            if runs:
                self.suppressed.update(used)
                return self._affixed(names, runs) if child.tag != "names" else runs
        return []

    def _inherited(self, attribute: str) -> str | None:
        return self.area.attrs.get(attribute, self.style.root.attrs.get(attribute))

    def _name_options(self, names: Node, name: Node | None) -> dict[str, str]:
        options: dict[str, str] = {}
        for attrs in (self.style.root.attrs, self.area.attrs, names.attrs):
            options.update((key, value) for key, value in attrs.items() if key in _NAME_OPTIONS)
            if "name-delimiter" in attrs:
                options["delimiter"] = attrs["name-delimiter"]
        if name is not None:
            options.update(name.attrs)
        return options

    # Dates

    def _date(self, node: Node) -> Runs:
        variable = node.attrs.get("variable", "")
        date = self.item.get(variable) if variable in DATE_VARIABLES and variable not in self.suppressed else None
        self._call(variable, bool(date))
        if not date:
            return []
        label = DATE_LABELS.get(variable)
        if "date-parts" not in date:
            return self._styled(node, [(label, date["literal"])])
        lead, text, suffix = self.dates.write(node, date["date-parts"], variable)
        if not text:
            return []
        return self._styled(node, [(None, lead), (label, text), (None, suffix)])


def _same_people(people: dict[str, Any]) -> dict[str, Any]:
    """One list where the editors are the translators too."""
    editors, translators = people["editor"], people["translator"]
    return {"editortranslator": editors} if editors == translators else people


def _roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        while number >= value:
            text, number = text + letters, number - value
    return text


def _spaced_number(runs: Runs) -> Runs:
    """A citation number is set in the margin; in running text a blank stands between it and the reference."""
    for index, (label, _) in enumerate(runs[:3]):
        if label == "citation-number" and index + 1 < len(runs):
            after_label, after = runs[index + 1]
            if after_label is not None:
                return [*runs[: index + 1], (None, " "), *runs[index + 1 :]]
            if not re.search(r"\s", after):
                bracket = re.match(r"[\]).:]*", after)
                cut = bracket.end() if bracket else 0
                return [*runs[: index + 1], (None, f"{after[:cut]} {after[cut:]}"), *runs[index + 2 :]]
    return runs
