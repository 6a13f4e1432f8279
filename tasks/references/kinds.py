"""What kind of work a reference cites, and in which language its title is: conclusions from cheap evidence."""

from __future__ import annotations

import re
from typing import Any

_PATENT = re.compile(r"\bpatent")
_THESIS = re.compile(
    r"\b(?:thes[ie]s|thèse|tesis?|tese|dissertation|diss|habil\w*|magisterarbeit|masterarbeit|diplomarbeit"
    r"|bachelorarbeit|doktorarbeit|proefschrift|ph\.? ?d|mémoire de|doctorat|bachelor|master'?s?)\b",
)
_REPORT = re.compile(
    r"\b(?:report|working papers?|discussion papers?|technical|tech|rapport|bericht|arbeitspapier|white paper"
    r"|policy brief|diskussionspapier|relatório|informe|rapporto)\b",
)
_PAPER_SERIES = re.compile(
    r"\b(?:(?:working|discussion|occasional|policy|staff|research) papers?|working paper series|policy briefs?"
    r"|arbeitspapiere?|diskussionspapiere?|documents? de travail|documentos? de trabajo|technical reports?)\b",
)
_GENRES = (
    (re.compile(r"\b(?:motion picture|film|dvd|video)\b"), "motion_picture"),
    (re.compile(r"\b(?:data ?set|database|data file)\b"), "dataset"),
    (re.compile(r"\b(?:software|computer program|r package)\b"), "software"),
    (re.compile(r"\b(?:podcast|tv|television|broadcast|radio)\b"), "broadcast"),
    (re.compile(r"\b(?:speech|lecture|vortrag|keynote)\b"), "speech"),
    (re.compile(r"\b(?:paper presented|conference paper|poster)\b"), "paper-conference"),
    (re.compile(r"\b(?:manuscripts?|manuskript|typescript|unpublished|mimeo)\b"), "manuscript"),
    (re.compile(r"\b(?:papers?|memorandum|white ?book)\b"), "report"),
)
_STANDARD = re.compile(r"(?:iso|iec|din|ansi|3gpp|itu|etsi|astm|ieee std|rfc|en)[\s/-]{0,2}[a-z]{0,4}\s?\d")
_CODE = re.compile(r"//(?:www\.)?(?:github|gitlab|bitbucket|cran\.r-project)\b")
_PERIODICAL = re.compile(
    r"\b(?:journal|\w*zeitschrift|revista|rivista|revue|review|bulletin|annals|annales|quarterly|magazine?|letters"
    r"|transactions|tidsskrift|tijdschrift|časopis|archiv für)\b",
)
_PREPRINT = re.compile(r"\b(?:arxiv|biorxiv|medrxiv|preprints?|ssrn|chemrxiv|psyarxiv|socarxiv)\b")
_CONFERENCE = re.compile(
    r"\b(?:proceedings|proc|conf|conference|symposium|workshop|congress|kongress\w*|tagung\w*|colloquium"
    r"|colloque|actes|atti del|actas|anais|congrès|congreso|convegno|advances in neural)\b",
)
_PROCEEDINGS_JOURNAL = re.compile(r"\b(?:natl|national|royal|roy|r|soc|society|academy|acad)\b")
_NEWSPAPER = re.compile(
    r"(?:\w*zeitung\b|^(?:die zeit$|die welt$|taz|faz|nzz|der tagesspiegel|el universal"
    r"|der spiegel|le monde|libération|le figaro|el país|el mundo|la repubblica"
    r"|la stampa|corriere della sera|the guardian|the times|(?:the )?new york times|(?:the )?washington post"
    r"|financial times|wall street journal|the independent|(?:the )?daily \w+|süddeutsche"
    r"|frankfurter rundschau|handelsblatt)\b)",
)
_LAW = re.compile(
    r"(?:\b(?:\w*gesetz|\w*verordnung|richtlinie|act of|regulation \((?:ec|eu)|directive \d|loi n|decreto|ley \d)\b)",
)
_LONGEST = 200  # of a value looked at


def infer_type(reference: dict[str, Any]) -> str | None:
    """The CSL type that the fields present and a few telling words suggest; None where nothing speaks for any."""
    if "genre" in reference and (kind := _by_genre(_folded(reference["genre"]))):
        return kind
    if "container-title" in reference:
        return _contained(reference, _folded(reference["container-title"]))
    return _alone(reference)


def _folded(value: str) -> str:
    """What is looked at of a value, in lower case and without long s, as all patterns are: so they run faster."""
    return value[:_LONGEST].lower().replace("ſ", "s")


def _by_genre(genre: str) -> str | None:
    """The kind that the printed genre names."""
    if _PATENT.search(genre):
        return "patent"
    if _THESIS.search(genre):
        return "thesis"
    if _PREPRINT.search(genre):
        return "article"
    if _REPORT.search(genre):
        return "report"
    return next((kind for words, kind in _GENRES if words.search(genre)), None)


def _contained(reference: dict[str, Any], container: str) -> str:
    """The kind of a work printed in something larger."""
    if _PREPRINT.search(container):
        return "article"
    in_volume = "volume" in reference or "issue" in reference
    if _CONFERENCE.search(container) and not (in_volume and _PROCEEDINGS_JOURNAL.search(container)):
        return "paper-conference"
    if _NEWSPAPER.search(container):
        return "article-newspaper"
    if "editor" not in reference and (
        _PAPER_SERIES.search(container) or ("number" in reference and _REPORT.search(container))
    ):
        return "report"
    if "editor" in reference or "ISBN" in reference or "edition" in reference:
        return "chapter"
    if "publisher" in reference and "issue" not in reference:
        return "article-journal" if "volume" in reference and _PERIODICAL.search(container) else "chapter"
    if "publisher-place" in reference and not in_volume:
        return "chapter"
    return "article-journal" if in_volume or not _to_the_day(reference) else "article-newspaper"


def _to_the_day(reference: dict[str, Any]) -> bool:
    """Whether the date has a day, as only newspapers and magazines print it."""
    return any(len(part) == 3 for part in reference.get("issued", {}).get("date-parts", ()))


def _alone(reference: dict[str, Any]) -> str | None:
    """The kind of a work that stands for itself."""
    if "arXiv" in reference or ("note" in reference and _PREPRINT.search(_folded(reference["note"]))):
        return "article"
    bookish = any(key in reference for key in ("ISBN", "edition", "page", "volume"))
    if "URL" in reference and not bookish:
        if _CODE.search(reference["URL"].lower()):
            return "software"
        if "accessed" in reference or not ("publisher" in reference and "publisher-place" in reference):
            return "webpage"
    if "archive" in reference:
        return "manuscript"
    number = _folded(reference.get("number", ""))
    if number and _STANDARD.match(number):
        return "standard"
    if number and _PATENT.search(number):
        return "patent"
    if any(key in reference for key in ("publisher", "publisher-place", "ISBN", "edition", "collection-title")):
        return "report" if number and "collection-title" not in reference else "book"
    if "title" not in reference:
        return "document" if "author" in reference else None
    if "author" not in reference and _LAW.search(_folded(reference["title"])):
        return "legislation"
    return "book" if "author" in reference or "editor" in reference else "document"


_FUNCTION_WORDS = {
    "en": "the of and in for with on from by to an as at is are how what why between towards its their",
    "de": "der die das und für zur zum eine einer eines im mit von des auf den dem über aus zwischen als bei ein wie",
    "fr": "le la les des et du dans une sur aux pour de un en au par entre d'une",
    "it": "il lo la gli della delle del dei degli di nel nella dal e per con alla una sulla un tra",
    "es": "el la los las y del de en una por para con un al sobre entre",
    "pt": "os as da do dos das e uma em para na no de um pela entre ao",
    "nl": "het een van voor en de op der naar tussen bij aan zijn als",
    "pl": "i w na z się oraz do od dla jako po ze",
    "da": "og af det den til med på for som i fra",
    "sv": "och av det den till med på för som i från",
    "nb": "og av det den til med på for som i fra",
    "cs": "v na se pro ve do nebo jako při z",
    "": "i v na po k iz dlya",  # Russian and others in Latin letters, which are not to be taken for Polish
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
_CLOSED = ("]", ")")
_TRANSLATION = re.compile(r"[\[(][^\[\]()]*[\])]$")
_CYRILLIC = re.compile("[а-яё]{3}", re.IGNORECASE)
_KANA, _HANGUL, _HAN = re.compile("[\u3041-\u30ff]"), re.compile("[\uac00-\ud7af]"), re.compile("[\u4e00-\u9fff]{2}")


def infer_language(title: str) -> str | None:
    """ISO 639-1 code of a title's language from its script or function words; None unless they leave no doubt."""
    title = title[:_LONGEST].lower()
    bracketed = title[-1:] in _CLOSED and _TRANSLATION.search(title)
    if not bracketed or not (bare := title[: bracketed.start()]).strip():
        return _by_words(title)
    language = _by_words(bare)  # what stands in brackets at the end may be a translation into English
    return language or (found if (found := _by_words(title)) != "en" else None)


def _by_words(title: str) -> str | None:
    votes: dict[str, int] = {}
    for languages in filter(None, map(_LANGUAGES_OF.get, title.split())):
        for language in languages:
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
    return best if best and most >= 3 and most > max(votes.values(), default=0) else None


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
