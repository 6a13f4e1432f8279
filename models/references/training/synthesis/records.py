# ruff: noqa: SIM905 -- words read best as words, not as a column of quoted strings
"""Records to be printed: for a kind of work, a language and a domain, the values of all its fields."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from gleanery.models.references.training.synthesis import facts
from gleanery.models.references.training.synthesis.identifiers import make_doi, make_isbn, make_issn, make_url
from gleanery.models.references.training.synthesis.languages import TERMS
from gleanery.models.references.training.synthesis.names import NameStyle, format_people, make_person
from gleanery.models.references.training.synthesis.titles import make_title, make_zoology_title
from gleanery.models.references.training.synthesis.values import Pools

_CJK = frozenset(("zh", "ja", "ko"))
_CJK_NAMES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "zh": (
        "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗",
        tuple("伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 建国 志强 晓明 海燕 文华 国庆 春梅 明 玉兰".split()),
    ),
    "ja": ("", tuple("太郎 健一 博 誠 隆 直子 恵子 由美 和彦 正 茂 久美子 真理".split())),
    "ko": (
        "김이박최정강조윤장임한오서신권",
        tuple("민수 영희 철수 지영 현우 수진 준호 미경 상훈 은주 동욱 혜진".split()),
    ),
}
_JA_FAMILIES = tuple(
    "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 見田 上野".split()
)


@dataclass(frozen=True)
class Wish:
    """What a style asks of a record."""

    kind: str
    language: str
    domain: str
    authors: NameStyle
    editors: NameStyle


def make_record(pools: Pools, wish: Wish, rng: random.Random) -> tuple[dict[str, str], bool]:
    """The fields of a record as printed, and whether it has several editors."""
    language = wish.language
    several = rng.random() < 0.6
    year = _year(wish, rng)
    place, publisher = _publisher(pools, language, rng)
    fields = {
        "author": _authors(pools, wish, rng),
        "editor": _people(pools, wish.editors, language, rng.choice((2, 2, 2, 3, 4)) if several else 1, rng),
        "title": _title(pools, wish, rng),
        "surname": _surnames(pools, wish, rng),
        "date": _date(year, language, rng),
        "year": str(year),
        "place": place,
        "publisher": publisher,
        "page": _pages(rng),
        "journal": _journal(pools, wish, rng),
        "volume": _volume(year, wish.domain, rng),
        "book": _book(pools, wish, rng),
        "site": rng.choice(facts.NEWSPAPERS),
    }
    fields.update(_sometimes(pools, wish, year, rng))
    return {name: value for name, value in fields.items() if value}, several


def _sometimes(pools: Pools, wish: Wish, year: int, rng: random.Random) -> dict[str, str]:
    """Fields that a record may lack."""
    language = wish.language
    terms = TERMS.get(language, TERMS["en"])
    doi = make_doi(pools.dois, rng)
    chances: dict[str, tuple[float, Callable[[], str]]] = {
        "issue": (
            0.65,
            lambda: rng.choice(
                (str(rng.randint(1, 12)), str(rng.randint(1, 6)), "1-2", "3/4", "1–2", str(rng.randint(1, 60)))
            ),
        ),
        "series": (0.18, lambda: rng.choice(facts.SERIES)),
        "seriesnum": (0.8, lambda: str(rng.randint(1, 400))),
        "edition": (0.2, lambda: _edition(language, rng)),
        "translator": (0.08, lambda: _people(pools, replace(wish.editors, order="given-family"), language, 1, rng)),
        "doi": (0.35, lambda: doi),
        "doiurl": (
            0.35,
            lambda: (
                rng.choice(("https://doi.org/", "http://dx.doi.org/", "https://dx.doi.org/", "https://doi.org/")) + doi
            ),
        ),
        "url": (0.9 if wish.kind in ("web", "news") else 0.15, lambda: make_url(pools.urls, rng)),
        "accessed": (0.6, lambda: full_date(year + rng.randint(0, 4), language, rng)),
        "isbn": (0.05, lambda: make_isbn(rng)),
        "issn": (0.05, lambda: make_issn(rng)),
        "total": (0.3, lambda: str(rng.randint(90, 700))),
        "pmid": (0.3, lambda: str(rng.randint(1_000_000, 38_000_000))),
        "number": (
            0.75,
            lambda: rng.choice(
                (
                    str(rng.randint(1, 400)),
                    f"{rng.randint(1, 40)}/{year % 100:02d}",
                    f"{year % 100:02d}-{rng.randint(1, 60):02d}",
                    str(rng.randint(100, 9999)),
                )
            ),
        ),
    }
    fields = {name: make() for name, (chance, make) in chances.items() if rng.random() < chance}
    fields["genre"] = rng.choice(terms[wish.kind if wish.kind in ("thesis", "report", "web") else "report"])
    fields["university"] = rng.choice(facts.UNIVERSITIES.get(language, facts.UNIVERSITIES["en"]))
    fields["organisation"] = rng.choice(facts.ORGANISATIONS.get(language, facts.ORGANISATIONS["en"]))
    fields["newsdate"] = (
        full_date(year, language, rng).removesuffix(str(year)).strip(" ,.") if rng.random() < 0.8 else ""
    )
    fields["fulldate"] = full_date(year, language, rng)
    fields["shelf"] = rng.choice(facts.ARCHIVES)
    fields["conference"] = rng.choice(
        pools.conferences if pools.conferences and rng.random() < 0.7 else facts.CONFERENCES
    )
    fields["arxiv"], arxiv_class = _arxiv(year, rng)
    if arxiv_class:
        fields["arxivclass"] = arxiv_class
    fields["letter"] = rng.choice("ABCD") + str(rng.randint(1, 900))
    fields["mr"] = str(rng.randint(10_000, 4_000_000))
    fields["zoo"] = rng.choice(("2", "3", "6", "7", "8", "10", "n.s."))
    fields["monthyear"] = f"{year} {rng.choice(TERMS['en']['months'])[:3]}" + rng.choice(("", f" {rng.randint(1, 28)}"))
    fields["note"] = rng.choice(
        ("in Russian", "in German", "in Japanese", "unpublished", "in Chinese", "in Polish", "in Portuguese")
    )
    return fields


def _year(wish: Wish, rng: random.Random) -> int:
    if wish.domain == "zoology" and rng.random() < 0.6:
        return rng.randint(1820, 1960)
    if rng.random() < 0.1:
        return rng.randint(1850, 1950)
    return min(2024, int(rng.triangular(1950, 2025, 2006)))


def _date(year: int, language: str, rng: random.Random) -> str:
    """A date as printed in a reference: nearly always the year."""
    chance = rng.random()
    if chance < 0.8:
        return str(year)
    if chance < 0.92:
        return f"{year}{rng.choice('aabbcd')}"
    if chance < 0.95:
        return rng.choice(TERMS.get(language, TERMS["en"])["nd"])
    if chance < 0.975:
        return rng.choice(TERMS.get(language, TERMS["en"])["forth"])
    earlier = year - rng.randint(3, 80)
    return rng.choice(
        (
            f"{year}/{(year + 1) % 100:02d}",
            f"[{earlier}] {year}",
            f"{year} [{earlier}]",
            f"{earlier}/{year}",
            f"{earlier}-{year}",
            f"[{year}]",
            f"{earlier} [{year}]",
        )
    )


def full_date(year: int, language: str, rng: random.Random) -> str:
    """A day as printed in a language."""
    day, month = rng.randint(1, 28), rng.randint(1, 12)
    word = TERMS.get(language, TERMS["en"])["months"][month - 1]
    numeric = (
        f"{day}.{month}.{year}",
        f"{day:02d}.{month:02d}.{year}",
        f"{year}-{month:02d}-{day:02d}",
        f"{day:02d}/{month:02d}/{year}",
    )
    if language == "en":
        return rng.choice(
            (
                f"{word} {day}, {year}",
                f"{day} {word} {year}",
                f"{word[:3]} {day}, {year}",
                f"{day} {word[:3]}. {year}",
                f"{word} {year}",
                *numeric[2:],
            )
        )
    if language in ("es", "pt"):
        return rng.choice((f"{day} de {word} de {year}", f"{day} {word} {year}", *numeric))
    if language == "de":
        return rng.choice((f"{day}. {word} {year}", *numeric, f"{word} {year}"))
    return rng.choice((f"{day} {word} {year}", *numeric))


def _people(pools: Pools, style: NameStyle, language: str, count: int, rng: random.Random) -> str:
    if language in _CJK:
        return _cjk_people(language, count, rng)
    return format_people([make_person(language, rng, pools.families) for _ in range(count)], style)


def _cjk_people(language: str, count: int, rng: random.Random) -> str:
    families, given = _CJK_NAMES[language]
    names = [rng.choice(families or _JA_FAMILIES) + rng.choice(given) for _ in range(min(count, 3))]
    joint = {"zh": (", ", "、", "，"), "ja": ("・", "、", ", "), "ko": (", ", "·", ", ")}[language]
    more = {"zh": "等", "ja": "他", "ko": " 외"}[language] if count > 3 else ""
    return rng.choice(joint).join(names) + more


def _authors(pools: Pools, wish: Wish, rng: random.Random) -> str:
    chance = 0.6 if wish.kind in ("report", "web") else 0.03
    if wish.language not in _CJK and wish.domain != "maths" and rng.random() < chance:
        return rng.choice(facts.ORGANISATIONS.get(wish.language, facts.ORGANISATIONS["en"]))
    if wish.domain in ("medicine", "physics"):
        count = rng.choice((1, 2, 3, 3, 4, 5, 6, 7, 8, 10, 12))
    else:
        count = rng.choice((1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5))
    return _people(pools, wish.authors, wish.language, count, rng)


def _surnames(pools: Pools, wish: Wish, rng: random.Random) -> str:
    """The short form of authors in a later footnote."""
    families = [make_person(wish.language, rng, pools.families).family for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    if wish.language in _CJK:
        return _cjk_people(wish.language, 1, rng)
    if rng.random() < 0.1:
        return f"{families[0]} {wish.authors.etal}"
    if rng.random() < 0.15:
        return f"{rng.choice('ABCDEGHJKLMPRSTW')}. {families[0]}"
    return rng.choice((" / ", "/", " & ", " and ", ", ")).join(families)


def _real(pool: Mapping[str, Sequence[str]], language: str, share: float, rng: random.Random) -> str:
    values = pool.get(language, ())
    return rng.choice(values) if values and rng.random() < share else ""


def _title(pools: Pools, wish: Wish, rng: random.Random) -> str:
    if wish.domain == "zoology" and rng.random() < 0.8:
        return make_zoology_title(rng)
    language = wish.language
    if language not in _CJK and rng.random() < 0.12:
        language = rng.choice(("en", "en", "de", "fr"))
    pool = pools.books if wish.kind in ("book", "edited") and rng.random() < 0.5 else pools.titles
    # The real German titles are few: most are made up, or the network would learn them by heart.
    return _real(pool, language, 0.35 if language == "de" else 0.75, rng) or make_title(language, rng)


def _book(pools: Pools, wish: Wish, rng: random.Random) -> str:
    share = 0.25 if wish.language == "de" else 0.6
    return _real(pools.books, wish.language, share, rng) or make_title(wish.language, rng, 0.3)


def _journal(pools: Pools, wish: Wish, rng: random.Random) -> str:
    if wish.domain in ("physics", "maths", "medicine", "zoology"):
        return _real(pools.journals, wish.domain, 0.5, rng) or rng.choice(facts.JOURNALS[wish.domain])
    if wish.language in _CJK:
        return rng.choice(facts.JOURNALS[wish.language])
    if rng.random() < 0.07:
        return _real(pools.journals, "humanities", 1, rng) or rng.choice(facts.JOURNALS["en"])
    language = "en" if rng.random() < 0.1 else wish.language
    return _real(pools.journals, language, 0.4, rng) or rng.choice(facts.JOURNALS.get(language, facts.JOURNALS["en"]))


def _publisher(pools: Pools, language: str, rng: random.Random) -> tuple[str, str]:
    source = language if rng.random() < 0.85 else "en"
    if source in _CJK:
        source = language
    place, _, publisher = rng.choice(facts.PUBLISHERS[source]).partition(":")
    if language not in _CJK and language != "ru" and rng.random() < 0.3:
        place = rng.choice(pools.places) if pools.places else place
        publisher = rng.choice(pools.publishers) if pools.publishers else publisher
    return place, publisher


def _volume(year: int, domain: str, rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.06:
        return rng.choice(("II", "III", "IV", "VI", "VIII", "XII", "XIV", "XXI", "XL"))
    if chance < 0.1:
        return str(year)
    most = 110 if domain == "social" else 480
    return str(rng.randint(1, 60) if chance < 0.75 else rng.randint(61, most))


def _pages(rng: random.Random) -> str:
    start = int(rng.triangular(1, 700, 40))
    end = start + rng.randint(1, 40)
    dash = rng.choice("--–––—")
    chance = rng.random()
    if chance < 0.12:
        return str(start)
    if chance < 0.17:
        return rng.choice((f"{start}f.", f"{start} f.", f"{start}ff.", f"{start} ff.", f"{start}sq.", f"{start}ff"))
    if chance < 0.25 and start > 100 and start // 100 == end // 100:
        return f"{start}{dash}{end % 10 if end // 10 == start // 10 and end % 10 > start % 10 else end % 100:02d}"
    if chance < 0.27:
        return f"{start}{dash}{end}, {end + 3}"
    if chance < 0.29:
        return f"{start} {dash} {end}"
    return f"{start}{dash}{end}"


def _edition(language: str, rng: random.Random) -> str:
    number = rng.choice((2, 2, 2, 3, 3, 4, 5, 6, 7, 9, 12))
    if language == "en":
        return rng.choice(("2nd", "3rd", "2d", "4th", "5th", "second", "revised", "third", "10th"))
    if language == "fr":
        return rng.choice(("2e", "3e", "nouvelle", "2ème"))
    return rng.choice(("2a", "3ª", "2ª", "3a")) if language in ("es", "pt", "it") else f"{number}."


def _arxiv(year: int, rng: random.Random) -> tuple[str, str]:
    """An arXiv identifier and, for a new one, at times its class."""
    old = rng.choice(
        (
            "hep-th",
            "hep-ph",
            "astro-ph",
            "gr-qc",
            "cond-mat",
            "quant-ph",
            "math.AG",
            "math-ph",
            "hep-ex",
            "hep-lat",
            "nucl-th",
        )
    )
    month = rng.randint(1, 12)
    if year < 2008:
        prefix = rng.choice(("", "", "arXiv:", "arXiv: "))
        return f"{prefix}{old}/{max(year, 1992) % 100:02d}{month:02d}{rng.randint(1, 999):03d}", ""
    digits = f"{rng.randint(1, 9999):04d}" if year < 2015 else f"{rng.randint(1, 19999):05d}"
    suffix = rng.choice(("", "", "", "v1", "v2"))
    prefix = rng.choice(("arXiv:", "arXiv:", "arXiv:", "arXiv: "))
    return f"{prefix}{year % 100:02d}{month:02d}.{digits}{suffix}", old if rng.random() < 0.5 else ""
