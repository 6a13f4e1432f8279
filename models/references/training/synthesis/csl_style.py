"""Reading CSL styles and locales into small trees that the renderer walks.

Only the standard library's XML parser is used. The locale files come from the installed citeproc package: they are
data that this project reads and does not ship.
"""

from __future__ import annotations

import functools
import importlib.util
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

PRIMARY_DIALECTS = {
    "cs": "cs-CZ", "da": "da-DK", "de": "de-DE", "en": "en-US", "es": "es-ES", "fr": "fr-FR", "it": "it-IT",
    "ja": "ja-JP", "ko": "ko-KR", "nb": "nb-NO", "nl": "nl-NL", "pl": "pl-PL", "pt": "pt-PT", "ru": "ru-RU",
    "sk": "sk-SK", "sv": "sv-SE", "zh": "zh-CN",
}  # fmt: skip

FORM_FALLBACKS = {"verb-short": "verb", "symbol": "short", "verb": "long", "short": "long"}


class CslError(Exception):
    """A style or an item that this interpreter cannot render; the caller drops the sample."""


@dataclass(frozen=True, slots=True)
class Node:
    """One element of a style."""

    tag: str
    attrs: dict[str, str]
    children: tuple[Node, ...]
    text: str = ""

    def child(self, tag: str) -> Node | None:
        """The first child with this tag."""
        return next((child for child in self.children if child.tag == tag), None)


@dataclass(slots=True)
class Locale:
    """The terms, the date forms and the options of one language, with a style's overrides."""

    terms: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    dates: dict[str, Node] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    whole_ordinals: set[str] = field(default_factory=set)

    def overlay(self, node: Node) -> None:
        """Put the definitions of a `locale` element over the ones held so far."""
        for child in node.children:
            if child.tag == "style-options":
                self.options.update(child.attrs)
            elif child.tag == "date":
                self.dates[child.attrs.get("form", "text")] = child
            elif child.tag == "terms":
                self._overlay_terms(child)

    def _overlay_terms(self, node: Node) -> None:
        if any(term.attrs.get("name") == "ordinal" for term in node.children):
            # A language that defines ordinals replaces the whole set: German must not inherit "1st".
            self.terms = {key: value for key, value in self.terms.items() if not key[0].startswith("ordinal")}
            self.whole_ordinals = set()
        for term in node.children:
            name = term.attrs.get("name", "")
            if term.attrs.get("gender-form") == "masculine" and name.startswith("ordinal"):
                continue  # what is counted here (edition, volume) is feminine in the languages that care
            single, multiple = term.child("single"), term.child("multiple")
            text = (single.text if single else term.text, multiple.text if multiple else term.text)
            self.terms[name, term.attrs.get("form", "long")] = text
            if term.attrs.get("match") == "whole-number":
                self.whole_ordinals.add(name)

    def term(self, name: str, form: str = "long", plural: bool = False) -> str:
        """The text of a term, from the nearest form that has one; empty when there is none."""
        while True:
            found = self.terms.get((name, form))
            if found is not None:
                return found[plural]
            if form not in FORM_FALLBACKS:
                return ""
            form = FORM_FALLBACKS[form]

    def ordinal(self, number: int) -> str:
        """The ordinal ending of a number."""
        for digits, name in ((2, f"ordinal-{number % 100:02d}"), (1, f"ordinal-{number % 10:02d}")):
            if name in self.whole_ordinals and number >= 10**digits:
                continue
            if digits == 1 and name in self.whole_ordinals and number >= 10:
                continue
            if (name, "long") in self.terms:
                return self.term(name)
        return self.term("ordinal")


@dataclass(slots=True)
class Style:
    """A citation style, parsed once."""

    name: str
    bibliography: Node | None
    note: Node | None
    root: Node
    macros: dict[str, Node]
    locale_nodes: list[tuple[str, Node]]
    default_locale: str
    citation_format: str
    explicit_suffix: bool
    _locales: dict[str, Locale] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Style:
        """Parse a style file."""
        try:
            root = _node(ElementTree.parse(path).getroot())
        except (ElementTree.ParseError, OSError) as error:
            raise CslError(f"{path}: {error}") from error
        bibliography, citation = root.child("bibliography"), root.child("citation")
        if bibliography is None and citation is None:
            raise CslError(f"{path}: no layout; a dependent style names its parent in its `link`")
        info = root.child("info")
        formats = [child.attrs["citation-format"] for child in (info.children if info else ()) if
                   "citation-format" in child.attrs]  # fmt: skip
        return cls(
            name=path.stem,
            bibliography=bibliography,
            note=citation if bibliography is None or root.attrs.get("class") == "note" else None,
            root=root,
            macros={node.attrs["name"]: node for node in root.children if node.tag == "macro"},
            locale_nodes=[(node.attrs.get(XML_LANG, ""), node) for node in root.children if node.tag == "locale"],
            default_locale=root.attrs.get("default-locale", "en-US"),
            citation_format=formats[0] if formats else "",
            explicit_suffix='"year-suffix"' in path.read_text(encoding="utf-8"),
        )

    def locale(self, name: str) -> Locale:
        """The terms that the style uses in a language, the style's own over those of the language."""
        if name not in self._locales:
            self._locales[name] = self._build_locale(name)
        return self._locales[name]

    def _build_locale(self, name: str) -> Locale:
        language = name.split("-")[0]
        locale = Locale()
        for dialect in dict.fromkeys(("en-US", PRIMARY_DIALECTS.get(language, name), name)):
            node = _locale_file(dialect)
            if node is not None:
                locale.overlay(node)
        for wanted in dict.fromkeys(("", language, name)):
            for lang, node in self.locale_nodes:
                if lang == wanted:
                    locale.overlay(node)
        return locale


@functools.cache
def has_locale(name: str) -> bool:
    """Whether the installed locales include this one."""
    return _locale_file(name) is not None


@functools.cache
def _locale_file(name: str) -> Node | None:
    spec = importlib.util.find_spec("citeproc")
    if spec is None or not spec.submodule_search_locations:
        raise CslError("citeproc-py is not installed: its locale files are needed (pip install 'gleanery[train]')")
    path = Path(spec.submodule_search_locations[0]) / "data" / "locales" / f"locales-{name}.xml"
    return _node(ElementTree.parse(path).getroot()) if path.exists() else None


def _node(element: ElementTree.Element) -> Node:
    children = tuple(_node(child) for child in element if isinstance(child.tag, str))
    return Node(element.tag.rpartition("}")[2], dict(element.attrib), children, element.text or "")
