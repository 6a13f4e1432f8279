# ruff: noqa: E501 -- tables of data: one entry reads best on one line
"""Citation styles as templates (see `markup`): German and English social science and humanities."""

from collections.abc import Mapping

# Parts shared by many templates.
_END = "[<. |, |. DOI: |, doi:|. doi: |. doi:|. https://doi.org/>{doi}|<. |, >{doiurl}|<. |, |. @from |. @from |. @from >{url}[ <(@accessed {accessed})|\\[{accessed}\\]|({accessed})|, @accessed {accessed}|. @accessed {accessed}|[@accessed {accessed}]>]|. <ISBN|ISBN:> {isbn}|]<.|.|.||>"
_ACCESS = "[<. |, |. @from |, @from |. @from: ><{url}|{url}|\\<{url}\\>|{url}>[<, | |. |; ><(@accessed {accessed})|@accessed {accessed}|\\[{accessed}\\]|({accessed})|@accessed: {accessed}>]]<.|.||>"
_QUOTED = "<{title}|{title}|@lq{title}@rq>"

# German.
_DE_HEAD = "<{author} ({date}): |{author} ({date}): |{author} ({date}): |{author}, {date}: |{author} ({date}), |{author} {date}: |{author} ({date}). |{author} ({date}). |{author}. {date}. |{author} ({date}) |{author}, ({date}): |{author} / {date}: |{author} ({date}) : >"
_DE_PLAIN = "<{author}: |{author}: |{author}, |{author}. >"
_DE_PUB = "<{place}: {publisher}|{place}: {publisher}|{place}, {publisher}|{publisher}, {place}|{publisher}: {place}|{place}|{place} : {publisher}|{publisher}>"
_DE_PUBYEAR = "<{place}: {publisher} {year}|{place} {year}|{place}: {publisher}, {year}|{place}, {year}|{publisher}: {place} {year}|({place}: {publisher}, {year})|({place} {year})|{publisher}, {place} {year}>"
_DE_EDN = "[<, |. |. |; >{edition} <@edn|@edn|@edn|Aufl>]"
_DE_SERIES = "[<. (= | (= | (=|. (| (><{series}<, Bd. |; | |; Bd. |, Band |, H. |. Nr. >{seriesnum}|{series}>)]"
_DE_PAGE = "<, S. {page}|, S. {page}|: {page}|, {page}|, S.{page}|; S. {page}|. S. {page}|, pp. {page}>"
_DE_VOL = "< {volume} ({issue})| {volume}({issue})|, Jg. {volume}, H. {issue}|, Jg. {volume}, Heft {issue}|, {volume}. Jg., H. {issue}|, {volume}. Jg., Heft {issue}|, {volume}. Jg. ({issue})|, {volume}, {issue}|, {volume}, H. {issue}|, Bd. {volume}, H. {issue}| {volume}/{issue}|, Jg. {volume}, Nr. {issue}|, Jg. {volume} ({issue})|, {volume} ({issue})|, Jg. {volume}|, Bd. {volume}| {volume}|, {volume}|, H. {issue}|, Heft {issue}|, Nr. {issue}|, {volume}. Jahrgang, {issue}| {volume}, {issue}|, Vol. {volume}, No. {issue}|, Vol. {volume}>"
_DE_VOLYEAR = "< {volume} ({year})|, {volume} ({year}), H. {issue}| {issue}/{year}|, H. {issue}/{year}|, {volume}. Jg. ({year}), H. {issue}|, {volume} ({year}) {issue}|, Jg. {volume} ({year}), H. {issue}|, Heft {issue}, {year}|, Bd. {volume}, {year}| {volume}, {year}| {year}, H. {issue}|, Nr. {issue}/{year}| {volume}. {year}|, {year}|, {volume}/{year}>"
_DE_IN = "<. In: |. In: |. In: |, in: |, in: |, in |. – In: |. In |. |, >"
_DE_ED = "<{editor} @eds: |{editor} @eds: |{editor} @eds, |{editor} @eds |{editor} @eds (<{year}>): |{editor} @eds. |Dies. @eds: |Ders. @eds: |{editor}: >"
_DE_BOOK = (
    "<"
    + _DE_ED
    + "{book}|"
    + _DE_ED
    + "@lq{book}@rq|"
    + _DE_ED
    + "{book}|{book}. @edby {editor}|{book}, @edby {editor}|{book}>"
)

GERMAN: Mapping[str, tuple[str, ...]] = {
    "article": (
        _DE_HEAD
        + _QUOTED
        + "<. In: |. In: |. In: |, in: |, in: |. |, |. – In: |. in: >{journal}"
        + _DE_VOL
        + _DE_PAGE
        + _END,
        _DE_PLAIN
        + _QUOTED
        + "<. In: |, in: |, in |. |, ><{journal}|ders., {journal}|{journal}>"
        + _DE_VOLYEAR
        + _DE_PAGE
        + _END,
    ),
    "chapter": (
        _DE_HEAD + _QUOTED + _DE_IN + _DE_BOOK + _DE_EDN + _DE_SERIES + "<. |, |. |; >" + _DE_PUB + _DE_PAGE + _END,
        _DE_HEAD + _QUOTED + "<. In: |, in: |. In >" + _DE_BOOK + "<. |, >" + _DE_PUB + _DE_PAGE + _END,
        _DE_HEAD
        + _QUOTED
        + "<. In |. In: >{editor} @eds, {book} (<S. {page}|S. {page}|pp. {page}|Bd. {volume}, S. {page}>). "
        + _DE_PUB
        + _END,
        _DE_HEAD
        + _QUOTED
        + "<. S. |, S. |. Pp. >{page} < in: | in | In: >{editor} @eds<: |, >{book}. "
        + _DE_PUB
        + _END,
        _DE_PLAIN + _QUOTED + "<. In: |, in: >" + _DE_BOOK + "<. |, >" + _DE_PUBYEAR + _DE_PAGE + _END,
    ),
    "book": (
        _DE_HEAD
        + "{title}"
        + _DE_EDN
        + "[<. |, |; >@transby {translator}]"
        + _DE_SERIES
        + "<. |. |, |; |. – >"
        + _DE_PUB
        + "[, {total} S.]"
        + _END,
        _DE_PLAIN
        + "{title}"
        + _DE_EDN
        + _DE_SERIES
        + "<. |, |, | >"
        + _DE_PUBYEAR
        + "[<, S. |, |: >{page}|, {total} S.]"
        + _END,
        _DE_HEAD + "{title}, Bd. {volume}" + _DE_SERIES + "<. |, >" + _DE_PUB + _END,
    ),
    "edited": (
        "{editor} @eds ({date}): {title}" + _DE_EDN + _DE_SERIES + "<. |, >" + _DE_PUB + _END,
        "{editor} @eds<, |: >{title}" + _DE_EDN + _DE_SERIES + "<. |, >" + _DE_PUBYEAR + _END,
        "{editor} @eds<, | >{date}: {title}" + _DE_EDN + "<. |, >" + _DE_PUB + _END,
    ),
    "thesis": (
        _DE_HEAD
        + "{title}<. |, ><{genre}|{genre}|Unveröff. {genre}>, <{university:publisher}|{place}|{university:publisher}, {place}|{place}: {university:publisher}>"
        + _END,
        _DE_PLAIN + "{title}<, |. >{genre}<, | >{place} {year}" + _END,
    ),
    "report": (
        _DE_HEAD + "{title}<. |, | (>{genre}[ <Nr. |No. ||Nr. >{number}]<. |, |. >" + _DE_PUB + _ACCESS,
        "<{organisation:author}|{organisation:author}|{organisation:editor} (Hrsg.)>< ({date}): | ({date}). |, {date}: >{title}<. |, >{place}"
        + _ACCESS,
        _DE_HEAD + "{title}. <{publisher} |>{genre} {number}" + _ACCESS,
    ),
    "web": (
        "<{author}|{organisation:author}> ({date}): {title}<. | ><@from |In: |Online: |URL: |, ><{url}|\\<{url}\\>><, | |. ><(@accessed {accessed})|@accessed {accessed}|\\[{accessed}\\]|({accessed})|\\[@accessed {accessed}\\]><.|>",
        "<{author}|{organisation:author}> ({date}): {title}<. |, >{genre} vom {fulldate:date}" + _ACCESS,
    ),
    "news": (
        _DE_HEAD + _QUOTED + "<. In: |, in: ><{site}|{site}>, {newsdate:date}" + "[, S. {page}]" + _ACCESS,
        "{author} ({fulldate:date})<. |: >{title}. <In: |>{site}" + _ACCESS,
        _DE_PLAIN
        + _QUOTED
        + "<, in: |. In: |. >{site}<, | vom |, Nr. {issue}, |, (>{fulldate:date}[, S. {page}]"
        + _ACCESS,
    ),
}

# English social science and humanities.
_EN_HEAD = "<{author} ({date}). |{author} ({date}) |{author}. {date}. |{author}. ({date}). |{author}, {date}. |{author} ({date}), |{author} ({date}): |{author} {date}. |{author}, ({date}) |{author} {date}, |{author}, {date}, |{author}. {date}, |{author} ({date}), >"
_EN_PLAIN = "<{author}, |{author}. |{author}: >"
_EN_TITLE = "<{title}<. |. |, >|@lq{title}<.|,|.>@rq |@lq{title}@rq<, |. | >>"
_EN_PUB = "<{place}: {publisher}|{place}: {publisher}|{place}: {publisher}|{publisher}, {place}|{publisher}: {place}|{publisher}|{place}, {publisher}|{place}>"
_EN_PUBYEAR = "<({place}: {publisher}, {year})|{place}: {publisher}, {year}|({publisher}, {year})|({place}, {year})|({publisher}: {place}, {year})|{place}: {publisher}. {year}|{publisher}, {year}|{publisher}, {place}, {year}|({year}, {publisher}, {place})|{publisher}, {place} ({year})>"
_EN_VOL = "< {volume}({issue})|, {volume}({issue})|, {volume} ({issue})| {volume} ({issue})| {volume}, no. {issue}|, vol. {volume}, no. {issue}|, Vol. {volume} No. {issue}|, Vol. {volume}, Issue {issue}|, {volume}, {issue}| {volume}|, {volume}|, {volume}:{issue}| {volume}/{issue}| {volume}.{issue}|, {volume}/{issue}|, vol. {volume}|. {volume}({issue})>"
_EN_VOLYEAR = "< {volume} ({year})| {volume}, no. {issue} ({year})|, {volume} ({year})|, {volume}:{issue} ({year})|, vol. {volume}, no. {issue} ({year})| {volume}.{issue} ({year})|, vol. {volume}, {year}|, {year}, {volume}({issue})|, vol. {volume}, no. {issue}, {year}| {volume} ({issue}), {year}>"
_EN_PAGE = "<, pp. {page}|: {page}|, {page}|:{page}|, pp {page}|: pp. {page}|, p. {page}|. {page}|: pp. {page}>"
_EN_EDN = "[ ({edition} <ed.|edn|ed>)|, {edition} <ed.|edn|edition|ed.>|. {edition} ed.]"
_EN_SERIES = "[ ({series}<, | ><no. |vol. |>{seriesnum})|. {series} {seriesnum}|, {series}]"
_EN_ED = "<{editor} @eds, |{editor} @eds, |{editor} @eds |{editor} @eds: |{editor}, @eds, >"
_EN_BOOK = (
    "<In |In: |in: |in |in: ><"
    + _EN_ED
    + "{book}|"
    + _EN_ED
    + "{book}|{book}, @edby {editor}|{book}, @edby {editor}|{book}. @edby {editor}|{book}>"
)
_EN_CHPAGE = "< (pp. {page})|, pp. {page}|, {page}|: {page}|, pp. {page}>"

ENGLISH: Mapping[str, tuple[str, ...]] = {
    "article": (
        _EN_HEAD + _EN_TITLE + "<{journal}|{journal}|{journal}|in {journal}|In: {journal}>" + _EN_VOL + _EN_PAGE + _END,
        _EN_HEAD + _EN_TITLE + "{journal}" + _EN_VOL + _EN_PAGE + _END,
        _EN_PLAIN + _EN_TITLE + "<{journal}|in {journal}|{journal}>" + _EN_VOLYEAR + _EN_PAGE + _END,
        "{author}, @lq{title},@rq {journal}<, vol. {volume}, no. {issue}, pp. {page}, {year}|, vol. {volume}, pp. {page}, {fulldate:date}|, vol. {volume}, {year}, pp. {page}>"
        + _END,
    ),
    "chapter": (
        _EN_HEAD + _EN_TITLE + _EN_BOOK + _EN_EDN + _EN_CHPAGE + "<. |, >" + _EN_PUB + _END,
        _EN_HEAD + _EN_TITLE + _EN_BOOK + _EN_EDN + "<. |, >" + _EN_PUB + _EN_PAGE + _END,
        _EN_HEAD + _EN_TITLE + _EN_BOOK + _EN_SERIES + "<. |, >" + _EN_PUB + _END,
        _EN_HEAD + _EN_TITLE + "<Pp. |pp. |>{page} " + _EN_BOOK + "<, |. |. >" + _EN_PUB + _END,
        _EN_PLAIN + _EN_TITLE + _EN_BOOK + "<, | |. >" + _EN_PUBYEAR + _EN_PAGE + _END,
    ),
    "book": (
        _EN_HEAD
        + "{title}"
        + _EN_EDN
        + "[<. |, | (>@transby {translator}]"
        + _EN_SERIES
        + "<. |, |. >"
        + _EN_PUB
        + _END,
        _EN_HEAD + "{title}" + _EN_EDN + "<. |, >" + _EN_PUB + _END,
        _EN_PLAIN
        + "{title}"
        + _EN_EDN
        + "[, @transby {translator}]"
        + "<, |. | | >"
        + _EN_PUBYEAR
        + "[<, |: |, p. |, pp. >{page}]"
        + _END,
        "{author}. {title}" + _EN_EDN + ". " + _EN_PUBYEAR + "[. Print| Print]" + _END,
    ),
    "edited": (
        "{editor} @eds< ({date})|. {date}|, {date}><. |, >{title}" + _EN_EDN + _EN_SERIES + "<. |, >" + _EN_PUB + _END,
        "{editor} @eds<, |. |: >{title}" + _EN_EDN + "<. |, | >" + _EN_PUBYEAR + _END,
    ),
    "thesis": (
        _EN_HEAD + _EN_TITLE + "< (|\\[|||>{genre}<)|\\]|,|.|> {university:publisher}[, {place}]" + _END,
        "{author}, <{title}|@lq{title}@rq> ({genre}, {university:publisher}, {year})[, {page}]" + _END,
        "{author}. {title}. {genre}. {university:publisher}[; {place}], {year}" + _END,
    ),
    "report": (
        _EN_HEAD
        + _EN_TITLE
        + "{genre} <No. |no. |||>{number}[. {place}: {publisher}|, {publisher}|. {publisher}]"
        + _END,
        "{organisation:author}< ({date}). | ({date}) |. {date}. |, {date}. >{title}<. |, >{place}<: {organisation:publisher}|>"
        + _ACCESS,
        "{organisation:author}, {title} ({place}: {organisation:publisher}, {year})" + _ACCESS,
        _EN_HEAD + "{title} ({genre} No. {number})<. |, >{organisation:publisher}" + _ACCESS,
    ),
    "web": (
        "<{author}|{organisation:author}>< ({date}). | ({date}) |. {date}. |. >{title}<. |. {site}. | >"
        + "<@from |@from |Available at: ><{url}|\\<{url}\\>|{url}><, | |. ><(@accessed {accessed})|@accessed {accessed}|\\[Accessed {accessed}\\]><.|>",
        "{author} ({fulldate:date}). {title} \\[{genre}\\]. {url}",
        "{author} ({year}). {title} (Version {number}.{issue}) \\[{genre}\\]. {publisher}[. {doiurl}|. {url}].",
    ),
    "news": (
        _EN_HEAD + _EN_TITLE + "{site}<, |. >{newsdate:date}[<, p. |, pp. >{page}]" + _ACCESS,
        "{author}< (|, (>{fulldate:date})<. |, >{title}. {site}[, p. {page}]" + _ACCESS,
        "{author}, @lq{title},@rq {site}, {fulldate:date}[, <p. |A|>{page}]" + _ACCESS,
    ),
    "conference": (
        _EN_HEAD
        + _EN_TITLE
        + "<In |In: |in: |Paper presented at the ||>{conference:container-title}[<, pp. |, pages | (pp. |: >{page}]<. |, >{place}"
        + _END,
    ),
}
