"""Text and names as BibTeX reads them: specials escaped, capitals kept, braces always balanced."""

from __future__ import annotations

import re

from gleanery.tasks.exports.item import Name

# BibTeX counts braces whether or not a backslash stands before them, so a brace is only ever written by its name.
_SPECIALS = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
    }
)
_UNSAFE_VERBATIM = str.maketrans({"\\": "%5C", "{": "%7B", "}": "%7D", " ": "%20"})
_HYPHENS = re.compile("[-‐–—/]")
_PAGE_RANGE = re.compile(r"(?<=\w)\s*[-‐–—]+\s*(?=\w)")
# BibTeX takes every word that does not begin with an ASCII capital for a particle, or may: `Élan` begins with `l`.
_PLAIN_WORDS = re.compile(r"[A-Z]\S*(?: [A-Z]\S*)*|\S+")
_PARTICLE = re.compile(r"(?:['’]?[a-z]\S*)(?: ['’]?[a-z]\S*)*")
_SEPARATOR = re.compile(r",|(?:^| )and(?: |$)|^others$", re.IGNORECASE)


def escaped(text: str) -> str:
    """The text with everything that TeX would act on made printable."""
    return text.translate(_SPECIALS)


def verbatim(text: str) -> str:
    """A URL, DOI or eprint, which is printed as it is: only what would break the file is percent-encoded."""
    return text.translate(_UNSAFE_VERBATIM)


def pages(text: str) -> str:
    """Pages with BibTeX's dash: 230--265."""
    return escaped(_PAGE_RANGE.sub("--", text))


def title(text: str) -> str:
    """A title whose words keep their capitals where a style that lowers titles would spoil them: {DNA}, {McDonald}."""
    if text.isupper():
        return escaped(text)
    first, *rest = text.split(" ")
    return " ".join([_kept(first, first=True), *(_kept(word, first=False) for word in rest)])


def _kept(word: str, *, first: bool) -> str:
    keep = any(_has_inner_capital(part, alone_counts=not first) for part in _HYPHENS.split(word))
    return f"{{{escaped(word)}}}" if keep else escaped(word)


def _has_inner_capital(word: str, *, alone_counts: bool) -> bool:
    """Whether a letter after the first is a capital, or the only letter is one and no English word (`vitamin D`)."""
    letters = [letter for letter in word if letter.isalpha()]
    if len(letters) == 1:
        return alone_counts and letters[0].isupper() and letters[0] not in "AI"
    return any(letter.isupper() for letter in letters[1:])


def people(names: tuple[Name, ...]) -> str:
    """Names as BibTeX lists them: `von Last, Jr, First and {{A Corporate Author}}`.

    A particle that is not in small letters is no particle to BibTeX and becomes part of the last name.
    """
    return " and ".join(_person(name) for name in names)


def _person(name: Name) -> str:
    if name.literal:
        return f"{{{escaped(name.literal)}}}"
    particle, family = name.particle, name.family
    if particle and not (_PARTICLE.fullmatch(particle) and _safe(particle)):
        particle, family = "", f"{particle} {family}"
    if not name.given:
        whole = ", ".join(filter(None, (family, name.suffix)))
        return f"{particle} {_one_word(whole)}".strip()
    last = f"{particle} {_last(family)}".strip()
    return ", ".join(filter(None, (last, _part(name.suffix), _part(name.given))))


def _last(family: str) -> str:
    return _part(family) if _PLAIN_WORDS.fullmatch(family) else f"{{{escaped(family)}}}"


def _one_word(text: str) -> str:
    """A last name that stands alone, without the comma that would say that it is one."""
    return _part(text) if " " not in text else f"{{{escaped(text)}}}"


def _part(text: str) -> str:
    return escaped(text) if _safe(text) else f"{{{escaped(text)}}}"


def _safe(text: str) -> bool:
    """Whether BibTeX finds no end of a name within the text, nor a command whose letters it would weigh."""
    return not _SEPARATOR.search(text) and escaped(text) == text
