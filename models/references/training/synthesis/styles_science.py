# ruff: noqa: E501 -- tables of data: one entry reads best on one line
"""Citation styles of medicine, physics, mathematics, computing and natural history as templates (see `markup`)."""

from collections.abc import Mapping

_MED_TAIL = (
    "[. <doi: |doi:|DOI: |https://doi.org/|>{doi}][<. PMID: |; PMID: |. PubMed PMID: | \\[PMID: |. PMID >{pmid}]<.||>"
)
_MED_VOL = "<{year};{volume}({issue}):{page}|{year};{volume}:{page}|{year}; {volume}: {page}|{year}; {volume}({issue}): {page}|{monthyear:date};{volume}({issue}):{page}|{year}, {volume}:{page}|{year};{volume} ({issue}):{page}>"
_MED_END = "<{volume}:{page}|{volume}({issue}):{page}|{volume}: {page}|{volume}, {page}|{volume} ({issue}), {page}|vol. {volume}, no. {issue}, pp. {page}|{volume} {page}>"

MEDICINE: Mapping[str, tuple[str, ...]] = {
    "article": (
        "{author}<. |: |. |, ><{title}|{title}|@lq{title}@rq>. {journal}<. | |. |, >" + _MED_VOL + _MED_TAIL,
        "{author} ({year})<. |: | |, >{title}. {journal}<, | | |. >" + _MED_END + _MED_TAIL,
        "{author}, {year}. {title}. {journal}<, | >" + _MED_END + _MED_TAIL,
        "{author}. {title}. {journal} {volume}<, |:| (>{page}<, {year}| ({year})|, ({year})>" + _MED_TAIL,
        "{author}: {title}. {journal} {volume}: {page}, {year}" + _MED_TAIL,
        "{author}. {title}. {journal}. {year}<. |: ><doi|DOI|doi>: {doi}<. \\[Epub ahead of print\\]|.||. Online ahead of print.>",
        "{author}. {journal} {year}; {volume}: {page}.",
    ),
    "chapter": (
        "{author}. {title}. In: {editor}<, eds. |, editors. |, ed. | (eds) |, editor. >{book}<. {edition} ed. |. ><{place}: {publisher}; {year}|{place}: {publisher}, {year}|{publisher}, {place}>< p. |. p. |, pp. |:|. pp. >{page}.",
        "{author} ({year}) {title}. In: {editor} (eds) {book}. {publisher}, {place}, pp {page}",
    ),
    "book": (
        "{author}. {title}[. {edition} ed|. {edition} edn]<. |. >{place}<: |; >{publisher}<; |, |. >{year}[. p. {page}]<.|>",
        "{author} ({year}) {title}[, {edition} edn]. {publisher}, {place}",
    ),
    "web": (
        "<{organisation:author}|{author}>. {title}<. | \\[Internet\\]. ><{place}: {organisation:publisher}; {year}|{year}> <\\[cited {accessed}\\]|(accessed {accessed})|\\[Accessed {accessed}\\]>. <Available from: |Available at: |>{url}<.|>",
    ),
}

_HEP_REF = "<{journal} {volume}, {page} ({year})|{journal} {volume} ({year}) {page}|{journal} {volume}<:|, >{page}, {year}|{journal} {volume}({issue}), {page} ({year})|{journal} {volume}, no. {issue}, {page} ({year})|{journal}<, |. >{volume}<, |:>{page} ({year})|{year}, {journal}, {volume}, {page}|{journal} {letter:volume} ({year}) {page}|{journal} {letter:volume}, {page} ({year})|{journal} {volume} {page} ({year})|{journal} {volume} ({year}), no. {issue}, {page}>"
_ARXIV = "<, |, |. | | \\[| (>{arxiv}[ \\[{arxivclass}\\]]<.||,|\\]|;>"
_MATH_VOL = "< {volume} ({year}), no. {issue}, {page}| {volume} ({year}), {page}|, {volume} ({year}), {page}| {volume} ({year}), no. {issue}, {page}|, {volume}({issue}):{page}, {year}|, {volume}:{page}, {year}|. {volume} ({year}), no. {issue}, {page}|, vol. {volume}, no. {issue}, pp. {page}, {year}>"

PREPRINT: Mapping[str, tuple[str, ...]] = {
    "article": (
        "{author}, " + _HEP_REF + "<.||;|,>",
        "{author}, <{title}|@lq{title}@rq|@lq{title}@rq>, "
        + _HEP_REF
        + "<[, doi:{doi}].|[, {arxiv}[ \\[{arxivclass}\\]]].|>",
        "{author}, " + _HEP_REF + _ARXIV,
        "{author}<. |, >{title}<. |, >{journal}" + _MATH_VOL + "<.|. MR {mr}.| MR{mr}|>",
        "{author}, @lq{title},@rq " + _HEP_REF + "[, \\[{arxiv}\\]]<.|>",
        "{author} {year}, {journal}, {volume}, {page}",
        "{author} ({year}) {title}. {journal} {volume}<:|, >{page}" + "[. <doi:|https://doi.org/>{doi}]",
    ),
    "preprint": (
        "{author}, <{title}, |@lq{title}@rq, |>{arxiv}[ \\[{arxivclass}\\]]<.| ({year}).|, {year}.|>",
        "{author}. {title}. <arXiv preprint ||Preprint, |>{arxiv}, {year}.",
        "{author}, {title}, <{forth:date}|preprint ({year})|preprint, {year}|{genre} {number}, {year}>"
        + "[, {arxiv}]<.|>",
        "{author}, <in preparation|private communication|to be published|unpublished><.| ({year}).|>",
    ),
    "conference": (
        "{author}. {title}. <In |in: |In: >{conference:container-title}[, <pages|pp.> {page}]<, |. >{year}.",
        "{author}, <{title}|@lq{title},@rq> in {conference:container-title}, <{place}, |>[vol. {volume}, ]{year}<, pp. {page}|>.",
        "{author}: {title}. In: <{editor} (eds.) |>{conference:container-title}<, |. >{series:collection-title}, vol. {volume}, pp. {page}. {publisher}<, {place}|> ({year})[. https://doi.org/{doi}]",
        "{author} ({year}) {title}. In: {conference:container-title}, {place}, pp {page}.",
    ),
    "book": (
        "{author}, <{title}|@lq{title}@rq>[, {series:collection-title}<, vol. |, | ><{volume}>]<, | (|. >{publisher}, {place}<, {year}|, {year})|, {year})>[, <p. |pp. |Ch. >{page}].",
        "{author}. {title}. {publisher}[, {place}]<, |. >{year}[. {edition} edition].",
        "{author}, {title} ({publisher}, {place}, {year})[, p. {page}].",
    ),
    "chapter": (
        "{author}, <{title}, |>in <{book}, <edited by|ed. by|eds.> {editor}|{editor} <(Eds.)|(ed.)|(eds.)>, {book}|{book}> ({publisher}, {place}, {year})[, p. {page}].",
        "{author}, {title}, {book} (<{place}, {year}|{publisher}>), {series:collection-title}, vol. {volume}, {publisher}, {place}, {year}, pp. {page}.",
    ),
    "thesis": ("{author}, {title}, {genre}, {university:publisher}[, {place}]<, | (>{year}<.|).>",),
    "report": (
        "{author}, <{title}, |>{genre}<, | No. | >{number}<, | (>{year}<.|).>",
        "{author}, {publisher} report {number} ({year}).",
    ),
}

_ZOO_HEAD = "<{author} ({date})|{author}, {date}.|{author}. {date}.|{author} {date}.|{author} ({date}).|{author} ({date}):|{author}, {date}:|{author} {date}>"
_ZOO_VOL = "< {volume}: {page}|, {volume}: {page}|, {volume}, {page}|, {volume}({issue}): {page}| {volume} ({issue}): {page}|, ({zoo:volume}) {volume}: {page}|, Ser. {zoo:volume}, {volume}: {page}|, vol. {volume}, pp. {page}|, Bd. {volume}, S. {page}|, {volume}, pp. {page}|, t. {volume}, p. {page}| {year}: {page}|. {volume}: {page}|, {volume} ({issue}), {page}|, No. {issue}: {page}|, {volume}:{page}>"

NATURAL_HISTORY: Mapping[str, tuple[str, ...]] = {
    "article": (
        _ZOO_HEAD
        + " {title}<. |. |. |. – |.—>{journal}"
        + _ZOO_VOL
        + "<, pl. 3|, pls 1–4|, figs 1–3||||||. Taf. II|, 1 plate|>"
        + "<.|.||. \\[{note}\\]| \\[{note}\\].|. https://doi.org/{doi}|. {doiurl}>",
        "{author}, {title}, {journal}, <vol. |ser. 2, vol. |t. |>{volume}, <p. |pp. ||S. >{page}, {year}.",
        "{author}. {year}. {title}. {journal} {volume}<: |:|, >{page}.",
    ),
    "book": (
        _ZOO_HEAD
        + " {title}[, {edition} ed.]<. |. Vol. {volume}. |. Volume {volume}. |><{publisher}, {place}|{place}: {publisher}|{place}, {publisher}>[, {total} pp.|, {total} pp|. {total} S.|. {total} p.]<.||, 12 pls.>",
    ),
    "chapter": (
        _ZOO_HEAD
        + " {title}<. In: |. Pp. {page} in >{editor} <(Eds.)|(Ed.)|(eds)|(ed.)|(Hrsg.)><, |. |: | >{book}<. |, ><{publisher}, {place}|{place}: {publisher}>[, pp. {page}|: {page}]<.|>",
    ),
    "web": (
        _ZOO_HEAD
        + " {title}. <Available from: |Electronic database accessible at |Available at ><{url}|\\<{url}\\>> <(accessed {accessed})|\\[accessed {accessed}\\]|(accessed on {accessed})><.|>",
    ),
}
