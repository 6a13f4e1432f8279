"""What kind of work a reference cites, and in which language its title is: conclusions from cheap evidence."""

from __future__ import annotations

import re
from typing import Any

_PATENT = re.compile(r"\bpatent", re.IGNORECASE)
_THESIS = re.compile(
    r"\b(?:thes[ie]s|thèse|tesis?|tese|dissertation|diss|habil\w*|magisterarbeit|masterarbeit|diplomarbeit"
    r"|bachelorarbeit|doktorarbeit|proefschrift|ph\.? ?d|mémoire de)\b",
    re.IGNORECASE,
)
_REPORT = re.compile(
    r"\b(?:report|working papers?|discussion papers?|technical|tech|rapport|bericht|arbeitspapier|white paper"
    r"|policy brief|diskussionspapier|relatório|informe|rapporto)\b",
    re.IGNORECASE,
)
_PREPRINT = re.compile(r"\b(?:arxiv|biorxiv|medrxiv|preprints?|ssrn|chemrxiv|psyarxiv|socarxiv)\b", re.IGNORECASE)
_CONFERENCE = re.compile(
    r"\b(?:proceedings|proc|conf|conference|symposium|workshop|congress|kongress\w*|tagung\w*|colloquium"
    r"|colloque|actes|atti del|actas|anais|congrès|congreso|convegno|advances in neural)\b",
    re.IGNORECASE,
)
_PROCEEDINGS_JOURNAL = re.compile(r"\b(?:natl|national|royal|roy|r|soc|society|academy|acad)\b", re.IGNORECASE)
_NEWSPAPER = re.compile(
    r"(?:\bzeitung\b|^(?:die zeit|taz|der spiegel|le monde|libération|le figaro|el país|el mundo|la repubblica"
    r"|la stampa|corriere della sera|the guardian|the times|(?:the )?new york times|(?:the )?washington post"
    r"|financial times|wall street journal|the independent|(?:the )?daily \w+|süddeutsche"
    r"|frankfurter rundschau|handelsblatt)\b)",
    re.IGNORECASE,
)
_LAW = re.compile(
    r"(?:\b(?:\w*gesetz|\w*verordnung|richtlinie|act of|regulation \((?:ec|eu)|directive \d|loi n|decreto|ley \d)\b)",
    re.IGNORECASE,
)
_LONGEST = 200  # of a value looked at


def infer_type(reference: dict[str, Any]) -> str | None:
    """The CSL type that the fields present and a few telling words suggest; None where nothing speaks for any."""
    container = reference.get("container-title", "")[:_LONGEST]
    kind = _by_words(reference) or (_contained(reference, container) if container else None)
    if kind:
        return kind
    if not container and ("arXiv" in reference):
        return "article"
    if "URL" in reference and not ("publisher" in reference or "ISBN" in reference or "page" in reference):
        return "webpage"
    if "archive" in reference:
        return "manuscript"
    if any(key in reference for key in ("publisher", "publisher-place", "ISBN", "edition", "collection-title")):
        return "report" if "number" in reference and "collection-title" not in reference else "book"
    if "title" not in reference:
        return "document" if "author" in reference else None
    if _LAW.search(reference["title"][:_LONGEST]) and "author" not in reference:
        return "legislation"
    return "book" if "author" in reference or "editor" in reference else "document"


def _by_words(reference: dict[str, Any]) -> str | None:
    """The kind that the printed genre or the publisher names."""
    genre = reference.get("genre")
    if genre is None:
        return None
    genre = genre[:_LONGEST]
    if _PATENT.search(genre):
        return "patent"
    if _THESIS.search(genre):
        return "thesis"
    if _PREPRINT.search(genre):
        return "article"
    return "report" if _REPORT.search(genre) else None


def _contained(reference: dict[str, Any], container: str) -> str:
    """The kind of a work printed in something larger."""
    if _PREPRINT.search(container):
        return "article"
    in_volume = "volume" in reference or "issue" in reference
    if _CONFERENCE.search(container) and not (in_volume and _PROCEEDINGS_JOURNAL.search(container)):
        return "paper-conference"
    if _NEWSPAPER.search(container):
        return "article-newspaper"
    if _REPORT.search(container) and "number" in reference:
        return "report"
    of_a_book = "editor" in reference or "ISBN" in reference or "publisher" in reference or "edition" in reference
    if of_a_book or ("publisher-place" in reference and not in_volume):
        return "chapter"
    return "article-journal"


_FUNCTION_WORDS = {
    "en": "the of and in for with on from by to an as at is are how what why between towards its their",
    "de": "der die das und für zur zum eine einer eines im mit von des auf den dem über aus zwischen als bei ein wie",
    "fr": "le la les des et du dans une sur aux pour de un en au par entre d'une",
    "it": "il lo la gli della delle del dei degli di nel nella dal e per con alla una sulla un tra",
    "es": "el la los las y del de en una por para con un al sobre entre",
    "pt": "os as da do dos das e uma em para na no de um pela entre ao",
    "nl": "het een van voor en de op der naar tussen bij aan zijn als",
    "pl": "i w na z się oraz do od dla jako po ze",
}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in _FUNCTION_WORDS.items():
    for _word in _words.split():
        _LANGUAGES_OF.setdefault(_word, []).append(_language)
_LETTERS = {
    "ß": "de",
    "ñ": "es",
    "ã": "pt",
    "õ": "pt",
    "ł": "pl",
    "ę": "pl",
    "ą": "pl",
    "œ": "fr",
    "ü": "de",
    "ä": "de",
}
_CYRILLIC = re.compile("[а-яё]{3}", re.IGNORECASE)
_KANA, _HANGUL, _HAN = re.compile("[\u3041-\u30ff]"), re.compile("[\uac00-\ud7af]"), re.compile("[\u4e00-\u9fff]{2}")


def infer_language(title: str) -> str | None:
    """ISO 639-1 code of a title's language from its script or function words; None unless they leave no doubt."""
    title = title[:_LONGEST].lower()
    words = title.split()
    votes: dict[str, int] = {}
    for word in words:
        for language in _LANGUAGES_OF.get(word, ()):
            votes[language] = votes.get(language, 0) + 2
    if not title.isascii():
        if script := _script(title):
            return script
        for letter in set(title) & _LETTERS.keys():
            language = _LETTERS[letter]
            votes[language] = votes.get(language, 0) + 1
    if not votes:
        return None
    best = max(votes, key=votes.__getitem__)
    most = votes.pop(best)
    return best if most >= 3 and all(most > other for other in votes.values()) else None


def _script(title: str) -> str | None:
    if _KANA.search(title):
        return "ja"
    if _HANGUL.search(title):
        return "ko"
    if _HAN.search(title):
        return "zh"
    if _CYRILLIC.search(title):
        return "uk" if set(title) & set("іїєґ") else "ru"
    return None
