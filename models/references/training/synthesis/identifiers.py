# ruff: noqa: E501, SIM905 -- tables of data: an entry reads best on one line, words best as words
"""Made-up identifiers and addresses of works."""

import random
from collections.abc import Sequence

_HOSTS = (
    "www.destatis.de www.bmfsfj.de www.spiegel.de www.zeit.de www.ssoar.info www.oecd.org www.who.int ec.europa.eu www.un.org "
    "www.bpb.de www.theguardian.com www.nytimes.com www.scielo.br www.ibge.gov.br www.insee.fr www.persee.fr journals.openedition.org "
    "www.istat.it www.lemonde.fr www.worldbank.org hdl.handle.net/10419 nbn-resolving.de github.com www.youtube.com papers.ssrn.com"
).split()
_PATHS = (
    "publications reports download docs en de fileadmin media content article research news 2014 2019 pdf themen statistics "
    "view index.php files data policy working-papers studien presse"
).split()


def make_doi(real: Sequence[str], rng: random.Random) -> str:
    """A DOI, a real one or of a plausible form."""
    if real and rng.random() < 0.5:
        return rng.choice(real)
    number = rng.randint(10_000, 9_999_999)
    tail = rng.choice(
        (
            "s{0}-{1}",
            "j.soc.{1}.{2:02d}.{3:03d}",
            "{0}",
            "journal.pone.{0:07d}",
            "S{0}{1}",
            "0038-{1}.{0}",
            "zfsoz-{1}-{3}",
            "nature{0}",
        )
    )
    body = tail.format(number, rng.randint(1990, 2023), rng.randint(1, 12), rng.randint(1, 400))
    return f"10.{rng.randint(1000, 9999)}/{body}"


def make_url(real: Sequence[str], rng: random.Random) -> str:
    """A web address."""
    if real and rng.random() < 0.5:
        return rng.choice(real)
    scheme = rng.choice(("http://", "https://", "https://", "", ""))
    host = rng.choice(_HOSTS)
    if not scheme and not host.startswith("www"):
        scheme = "https://"
    path = "/".join(rng.choice(_PATHS) for _ in range(rng.randint(0, 3)))
    leaf = rng.choice(
        (
            "",
            "",
            f"/{rng.randint(100, 99999)}.pdf",
            f"/{rng.randint(1, 999)}.html",
            f"?id={rng.randint(10, 9999)}",
            "/",
            f"/dp_{rng.randint(10, 999)}.pdf",
        )
    )
    return f"{scheme}{host}{'/' + path if path else ''}{leaf}"


def make_isbn(rng: random.Random) -> str:
    """An ISBN of ten or thirteen digits."""
    group, publisher, title = rng.choice((0, 3, 3, 3, 88, 2, 85)), rng.randint(100, 9999), rng.randint(1000, 99999)
    return rng.choice(("", "978-")) + f"{group}-{publisher}-{title}-{rng.choice('0123456789X')}"


def make_issn(rng: random.Random) -> str:
    """An ISSN."""
    return f"{rng.randint(0, 2999):04d}-{rng.randint(0, 999):03d}{rng.choice('0123456789X')}"
