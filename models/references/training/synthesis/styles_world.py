# ruff: noqa: E501 -- tables of data: one entry reads best on one line
"""Citation styles of other languages, footnotes and East Asia as templates (see `markup`)."""

from collections.abc import Mapping

_HEAD = "<{author} ({date}), |{author} ({date}). |{author}, {date}. |{author}. {date}. |{author} ({date}) |{author} ({date}): |{author} {date}, |{author}, {date}, >"
_PLAIN = "<{author}, |{author}, |{author}. |{author}: >"
_TITLE = "<{title}|@lq{title}@rq|@lq{title}@rq>"
_PUB = "<{place}: {publisher}|{place}, {publisher}|{publisher}, {place}|{place}|{place} : {publisher}|{publisher}>"
_PUBYEAR = "<{place}, {publisher}, {year}|{place} {year}|{place}: {publisher}, {year}|{place}, {year}|{publisher}, {place} {year}|{publisher}, {place}, {year}|{place}: {publisher}. {year}|({place}: {publisher}, {year})|{place} : {publisher}, {year}>"
_PAGE = "<, @p {page}|, @p {page}|: {page}|, {page}|. @p {page}>"
_VOL = "<, @volj {volume}, @no {issue}|, @volj {volume} (@no {issue})| {volume}({issue})|, {volume}({issue})|, {volume} ({issue})|, @no {issue}|, {volume}, @no {issue}|, @volj {volume}|, {volume}|, {volume}/{issue}| {volume}, {issue}>"
_VOLYEAR = "<, @volj {volume}, @no {issue}, {year}|, {year}, @no {issue}|, @no {issue}, {year}|, {volume} ({year})|, {volume} ({year}), @no {issue}|, @volj {volume}, {year}|, @no {issue} ({year})|, {volume}, {year}|, {year}|, @volj {volume}, @no {issue}, {fulldate:date}>"
_ED = "<{editor} @eds, |{editor} @eds, |{editor} @eds |{editor} @eds: |{editor} @eds. >"
_BOOK = "<" + _ED + "{book}|" + _ED + "{book}|{book}, @edby {editor}|{book}, @edby {editor}|{book}>"
_SERIES = "[<, coll. |, | (|, coll. ><@lq{series}@rq|{series}>< ; |, |, @no >{seriesnum}]"
_END = "[<. |, |. DOI: |. doi: >{doi}|<. |, >{doiurl}|<. @from |, @from |. ><{url}|\\<{url}\\>>< (@accessed {accessed})|. @accessed {accessed}|, @accessed {accessed}| \\[@accessed {accessed}\\]>]<.|.||>"

WORLD: Mapping[str, tuple[str, ...]] = {
    "article": (
        _HEAD + _TITLE + "<, |. |, @in ><{journal}|@lq{journal}@rq|{journal}>" + _VOL + _PAGE + _END,
        _PLAIN + _TITLE + "<, |. |, @in |. @in ><{journal}|@lq{journal}@rq|{journal}>" + _VOLYEAR + _PAGE + _END,
        "{author}. {title}. {journal}, {place}, @volj {volume}, @no {issue}, @p {page}, {year}" + _END,
        "{author}< ({date}). |. {date}. >{title}. {journal} {volume}(<@no |>{issue}), {page}" + _END,
    ),
    "chapter": (
        _HEAD + _TITLE + "<, @in |. @in |, @in >" + _BOOK + "<, |. >" + _PUB + _PAGE + _END,
        _PLAIN + _TITLE + "<, @in |. @in |, @in >" + _BOOK + "[, @vol {volume}]<, |. >" + _PUBYEAR + _PAGE + _END,
    ),
    "book": (
        _HEAD
        + "<{title}|{title}|@lq{title}@rq>[<. |, >{edition} @edn]"
        + "[<, |. >@transby {translator}]<, |. >"
        + _PUB
        + _SERIES
        + _END,
        _PLAIN
        + "{title}[<, |. >{edition} @edn][<, |. >@transby {translator}]<, |. |, >"
        + _PUBYEAR
        + _SERIES
        + "[, @p {page}|, {total} @p]"
        + _END,
        _PLAIN + "{title}, @vol {volume}<, |. >" + _PUBYEAR + "[, @p {page}]" + _END,
    ),
    "edited": (
        "{editor} @eds<, | ({date}), >{title}<, |. >" + _PUB + _END,
        "{editor} @eds, {title}, " + _PUBYEAR + _END,
    ),
    "thesis": (
        _HEAD + "{title}<, |. |, (>{genre}<, |. |), >{university:publisher}[, {place}]" + _END,
        _PLAIN + "{title}, {genre}, {university:publisher}, {year}" + _END,
        "{author}. {title}. {year}. {total} f. {genre} - {university:publisher}, {place}, {year}.",
    ),
    "report": (
        _HEAD + "{title}<, |. >[{genre} <@number |>{number}<, |. >]" + _PUB + _END,
        "{organisation:author} ({date}), {title}<, |. >" + _PUB + _END,
    ),
    "web": (
        "<{author}|{organisation:author}>< ({date}). |, |. >{title}<. @from |. |, @from ><{url}|\\<{url}\\>><. | |, ><@accessed {accessed}|(@accessed {accessed})|\\[@accessed {accessed}\\]|({accessed})><.|>",
    ),
    "news": (
        _PLAIN + _TITLE + "<, |. |, @in >{site}<, |. ><{place}, |>{fulldate:date}[, @p {page}]" + _END,
        "{author} ({fulldate:date})<, |. |: >" + _TITLE + "<, |. >{site}[, @p {page}]" + _END,
    ),
}

_RU_TAIL = "<. – |. — |. - |. ><С. {page}|с. {page}><.||>"

RUSSIAN: Mapping[str, tuple[str, ...]] = {
    "article": (
        "{author} {title} // {journal}<. – |. |. — >{year}<. – |. |. — ><№ {issue}|Т. {volume}. – № {issue}|Т. {volume}. № {issue}|Т. {volume}, № {issue}|№ {issue} ({volume})>"
        + _RU_TAIL,
        "{author} ({date}) {title}. {journal}. {volume} ({issue}): {page}.",
        "{author} {title} / {author} // {journal}. – {year}. – № {issue}. – С. {page}.",
        "{author} {title} // {journal}, {year}, №{issue}, с. {page}.",
        "{author} {title} \\[Электронный ресурс\\] // {journal}. {year}. № {issue}. URL: {url} (дата обращения: {accessed}).",
    ),
    "chapter": (
        "{author} {title} // {book}<. – |. |: ><Под ред. {editor}. |сб. ст. |>{place}: {publisher}, {year}" + _RU_TAIL,
        "{author} {title} // {book} / <под ред.|отв. ред.|под общ. ред.> {editor}. {place}: {publisher}, {year}"
        + _RU_TAIL,
    ),
    "book": (
        "{author} {title}<. – |. |. — >[{edition} изд. ]<{place}: {publisher}, {year}|{place}, {year}|{place}.: {publisher}, {year}><. – {total} с.|. {total} с.|. С. {page}.|.|. — {total} c.>",
        "{author} ({date}) {title}. {place}: {publisher}.",
        "{author} {title} / пер. с англ. {translator}. {place}: {publisher}, {year}.",
    ),
    "thesis": ("{author} {title}: {genre}. {place}, {year}[. {total} с].",),
}

_CN_AUTHOR = "<{author}. |{author}．|{author}，|{author}: >"

CHINESE: Mapping[str, tuple[str, ...]] = {
    "article": (
        _CN_AUTHOR
        + "{title}<\\[J\\]. |\\[J\\]．|\\[J\\].>{journal}<, |，>{year}<, |，>{volume}({issue})<: |：|:>{page}<.||．>",
        "{author}<：|，>《{title}》，《{journal}》，<{year}年第{issue}期|{year}年第{issue}期，第{page}页><。||.>",
        "{author}，{year}，〈{title}〉，《{journal}》{volume}（{issue}）：{page}。",
    ),
    "book": (
        _CN_AUTHOR + "{title}<\\[M\\]. |\\[M\\]．>{place}<: |：>{publisher}<, |，>{year}[<: |：>{page}]<.||．>",
        "{author}<：|，|著，>《{title}》，<{place}：|{place}，|>{publisher}，{year}年[，第{page}页]<。||.>",
    ),
    "chapter": (
        _CN_AUTHOR
        + "{title}<\\[A\\]. |\\[C\\]//|\\[A\\].>{editor}. {book}\\[C\\]. {place}: {publisher}, {year}: {page}.",
    ),
    "thesis": (_CN_AUTHOR + "{title}\\[D\\]. {place}: {publisher}, {year}.",),
}

JAPANESE: Mapping[str, tuple[str, ...]] = {
    "article": (
        "{author}<「|, 「|（{year}）「>{title}」『{journal}』<第{volume}巻第{issue}号|{volume}({issue})|{volume}巻{issue}号|第{volume}号><，|、|: |, pp. >{page}<頁||。>",
        "{author}, {year}, 「{title}」『{journal}』{volume}({issue}): {page}.",
        "{author}: {title}, {journal}, Vol.{volume}, No.{issue}, pp.{page}, {year}.",
    ),
    "book": (
        "{author}<『|（{date}）『|, {date}, 『>{title}』<{publisher}|{publisher}、{year}年|{publisher}, {year}|（{publisher}、{year}年）><。||.>",
    ),
    "chapter": ("{author}（{date}）「{title}」{editor}編『{book}』{publisher}，{page}頁<。|>",),
}

KOREAN: Mapping[str, tuple[str, ...]] = {
    "article": (
        "{author}<({date}). {title}. | ({date}), 「{title}」, |, {date}, “{title},” ><{journal}|『{journal}』>, <{volume}({issue})|제{volume}권 제{issue}호|{volume}권 {issue}호><, |: |, pp.>{page}<.|면.|쪽.|>",
        "{author}, “{title},” 『{journal}』 {volume}({issue}), {year}, {page}<면||쪽>.",
        "{author}. {title}. {journal} {year};{volume}({issue}):{page}.",
    ),
    "book": (
        "{author}<, |. ><『{title}』|{title}>, {place}: {publisher}, {year}.",
        "{author}({date}). {title}. {place}: {publisher}.",
    ),
}

PARTIAL: Mapping[str, tuple[str, ...]] = {
    "partial": (
        "<|@see |@see >{surname:author}<, | |: | ><{date}|({date})|{date}, @p {page}|{date}: {page}|({date}), @p {page}|({date}: {page})|{date}, {page}|({date}), {page}><.||;>",
        "{surname:author}, <{title}|@lq{title}@rq|{title}>, @p {page}<.||;>",
        "{surname:author}, <@opcit|{title}, @opcit|{title}, @opcit><, @p {page}|, {page}|><.|>",
        "@ibid<, @p {page}|, {page}|, @p {page}|: {page}|><.||;>",
        "@same, {title}<, |. ><{year}, |{place} {year}, |>@p {page}<.|>",
        "{shelf}<.||, {fulldate:date}|, fol. {page}><.|>",
        "{title}, {shelf}<.|, {fulldate:date}.>",
        "{author} an das Ministerium, {fulldate:date}, in: {shelf}.",
        "{title}<, |. ><{place} {year}|{place}: {publisher}, {year}|{year}>, @p {page}<.|>",
        "{author}, <{title}|{title}>, @p {page}<.|>",
        "{journal}<, | ><{volume}({issue})|{volume} ({year})|{year};{volume}({issue})>, {page}<.|>",
        "{author}. {date}. {title}.",
        "{author} ({date}).",
        "{title}<.|>",
        "{author}, personal communication, {fulldate:date}<.|>",
        "@lq{title}@rq, <@in |>{site}, {fulldate:date}<.|, @p {page}.>",
    ),
}
