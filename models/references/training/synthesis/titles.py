# ruff: noqa: E501, SIM905 -- tables of data: an entry reads best on one line, words best as words
"""Made-up but plausible titles in many languages, from word lists and sentence patterns.

Topics are written "nominative/genitive" with their articles ("die Familie/der Familie"); a pattern's `{n}` and
`{g}` take one topic's nominative without and its genitive with article, so the grammar is right without inflection.
"""

import random
from collections.abc import Mapping

_DE_FIRST = (
    "Bildungs Sozial Arbeits Familien Jugend Migrations Stadt Raum Wirtschafts Kultur Medien Gesundheits Umwelt Verwaltungs "
    "Parteien Hochschul Wissens Klima Geschlechter Landschafts Regional Verkehrs Wohnungs Kindheits Armuts Lebenslauf Alters "
    "Identitäts Religions Rechts Sprach Schul Berufs Weiterbildungs Integrations Europa Friedens Gesellschafts Organisations "
    "Agrar Industrie Tourismus Bevölkerungs Siedlungs Einkommens Eliten Wahl Steuer Kriminalitäts Konsum Netzwerk Innovations"
).split()
_DE_SECOND = (
    "politik/f forschung/f system/n ungleichheit/f wandel/m struktur/f entwicklung/f markt/m planung/f ökonomie/f soziologie/f "
    "geschichte/f theorie/f geographie/f verhalten/n arbeit/f kultur/f reform/f steuerung/f konflikt/m beratung/f pädagogik/f "
    "bewusstsein/n statistik/f analyse/f ordnung/f management/n krise/f"
).split()
_DE_TOPICS = (
    "Moderne/der Moderne|Demokratie/der Demokratie|Staat/des Staates|soziale Ungleichheit/sozialer Ungleichheit|Globalisierung/der "
    "Globalisierung|Risikogesellschaft/der Risikogesellschaft|Öffentlichkeit/der Öffentlichkeit|Integration/der Integration|"
    "Individualisierung/der Individualisierung|Europäische Union/der Europäischen Union|Wohlfahrtsstaat/des Wohlfahrtsstaates|Kindheit/der "
    "Kindheit|Lebenswelt/der Lebenswelt|Unterricht/des Unterrichts|Gewalt/der Gewalt|Nationalsozialismus/des Nationalsozialismus|"
    "Erziehung/der Erziehung|Handeln/des Handelns|Wissenschaft/der Wissenschaft|Vertrauen/des Vertrauens|Zivilgesellschaft/der "
    "Zivilgesellschaft|Digitalisierung/der Digitalisierung|Nachhaltigkeit/der Nachhaltigkeit|Geschlecht/des Geschlechts|Alltag/des "
    "Alltags|DDR/der DDR|Zuwanderung/der Zuwanderung|ländlicher Raum/ländlicher Räume|Großstadt/der Großstadt|empirische "
    "Sozialforschung/der empirischen Sozialforschung|Inklusion/der Inklusion|Mittelgebirge/der Mittelgebirge|Alpen/der Alpen"
)
_DE_PATTERNS = (
    "{n}|{n} und {n}|Zur Soziologie {g}|Die Zukunft {g}|Strukturwandel {g}|{n} als Problem {g}|Theorien {g}|{n} in Deutschland|Einführung in "
    "die Theorie {g}|Grundlagen {g}|Zum Verhältnis von {n} und {n}|Das Ende {g}?|Krise {g}|{n} im Vergleich|Auf dem Weg zu einer Theorie "
    "{g}|Die Grenzen {g}|{n} im Wandel|Wie viel {n} braucht {n}?|Probleme {g} in der Bundesrepublik Deutschland|Soziologie {g}|{n} – {n} – "
    "{n}|Der Beitrag {g} zur Kritik {g}|{n} zwischen {n} und {n}|Was ist {n}?|{n} nach 1945|Untersuchungen zur Geschichte {g}|Perspektiven {g}|"
    "Vom Nutzen {g}|Beiträge zur Geographie {g}|Kritik {g}|Bedeutung und Entwicklung {g} in Österreich|{n} unter Bedingungen {g}"
)
_DE_SUBTITLES = (
    "Eine empirische Untersuchung|Eine Einführung|Ergebnisse einer qualitativen Studie|Theorie und Empirie|Ein Handbuch|Probleme und "
    "Perspektiven|Das Beispiel Nordrhein-Westfalen|Befunde und offene Fragen|Ein Beitrag zur Diskussion|Studien zur Theorie {g}|Zur Kritik "
    "{g}|Eine vergleichende Analyse|Ein Lehrbuch|Aspekte {g}|Festschrift zum 65. Geburtstag|Konzepte, Methoden, Ergebnisse|Zur Rolle {g}|Deutschland, "
    "Frankreich und Großbritannien im Vergleich|Ein Überblick|1945–1990|Ein Literaturbericht|Grundfragen {g}|Eine Replik"
)
_EN_TOPICS = (
    "social inequality|democracy|the welfare state|migration|gender|public policy|urban space|education|the labour market|civil society|"
    "globalization|political participation|the family|religion|climate change|social capital|nationalism|citizenship|health care|poverty|"
    "modernity|the state|housing|youth|violence|rural development|the media|identity|race and ethnicity|European integration|trust|"
    "economic growth|party systems|school achievement|land use|tourism|social movements|work|power|culture|human rights"
)
_EN_PATTERNS = (
    "{N} and {n}|The politics of {n}|{N} in comparative perspective|Rethinking {n}|The sociology of {n}|{N}, {n} and {n}|Towards a theory of "
    "{n}|The effects of {n} on {n}|Understanding {n}|The making of {n}|Beyond {n}|Explaining {n}|{N} in an age of {n}|A history of {n}|What is "
    "{n}?|Does {n} matter?|The rise and fall of {n}|Handbook of {n}|Essays on {n}|Contesting {n}|{N} after {n}|The future of {n}|Measuring {n}"
)
_EN_SUBTITLES = (
    "Evidence from Germany|A comparative study|An introduction|Theory and evidence|A review of the literature|The case of Britain|Lessons from "
    "Latin America|Results from a panel study|Critical perspectives|A reassessment|Concepts and methods|Essays in honour of a scholar|Past, present "
    "and future|An empirical analysis|1945–1990"
)
_TOPICS: Mapping[str, str] = {
    "de": _DE_TOPICS,
    "en": _EN_TOPICS,
    "fr": "la ville/de la ville|le travail/du travail|l'État/de l'État|la démocratie/de la démocratie|les classes sociales/des classes sociales|"
    "l'école/de l'école|la famille/de la famille|le territoire/du territoire|la mémoire/de la mémoire|les inégalités/des inégalités|la "
    "santé/de la santé|l'immigration/de l'immigration|la nation/de la nation|le paysage/du paysage|l'opinion publique/de l'opinion publique|les "
    "jeunes/des jeunes|le droit/du droit|la religion/de la religion|les savoirs/des savoirs|la culture/de la culture",
    "it": "la città/della città|il lavoro/del lavoro|lo Stato/dello Stato|la famiglia/della famiglia|la democrazia/della democrazia|il "
    "Rinascimento/del Rinascimento|l'arte veneta/dell'arte veneta|la nobiltà/della nobiltà|il territorio/del territorio|la scuola/della "
    "scuola|i mercanti/dei mercanti|la Repubblica di Venezia/della Repubblica di Venezia|il diritto/del diritto|la Chiesa/della Chiesa",
    "es": "la ciudad/de la ciudad|el Estado/del Estado|la democracia/de la democracia|la pobreza/de la pobreza|el trabajo/del trabajo|la "
    "educación/de la educación|los movimientos sociales/de los movimientos sociales|la familia/de la familia|el territorio/del territorio|la "
    "memoria/de la memoria|el desarrollo/del desarrollo|las políticas públicas/de las políticas públicas|la migración/de la migración",
    "pt": "a cidade/da cidade|o Estado/do Estado|a democracia/da democracia|a pobreza/da pobreza|o trabalho/do trabalho|a educação/da educação|os "
    "movimentos sociais/dos movimentos sociais|a saúde/da saúde|o território/do território|a memória/da memória|as políticas públicas/das "
    "políticas públicas|a formação de professores/da formação de professores|a juventude/da juventude",
    "nl": "de stad/van de stad|de verzorgingsstaat/van de verzorgingsstaat|het onderwijs/van het onderwijs|de politiek/van de politiek|het "
    "gezin/van het gezin|de arbeidsmarkt/van de arbeidsmarkt|de samenleving/van de samenleving|het landschap/van het landschap",
    "pl": "państwo/państwa|rodzina/rodziny|miasto/miasta|edukacja/edukacji|społeczeństwo/społeczeństwa|kultura/kultury|polityka "
    "społeczna/polityki społecznej|rynek pracy/rynku pracy|demokracja/demokracji|szkoła/szkoły|młodzież/młodzieży|prawo/prawa",
    "tr": "devlet/devletin|toplum/toplumun|kent/kentin|eğitim/eğitimin|aile/ailenin|demokrasi/demokrasinin|göç/göçün|kültür/kültürün|modernleşme/"
    "modernleşmenin|siyaset/siyasetin",
    "sv": "staden/stadens|välfärdsstaten/välfärdsstatens|skolan/skolans|familjen/familjens|politiken/politikens|arbetsmarknaden/arbetsmarknadens|"
    "samhället/samhällets|kulturen/kulturens|demokratin/demokratins",
    "ru": "общество/общества|государство/государства|культура/культуры|город/города|политика/политики|образование/образования|семья/семьи|социальная "
    "структура/социальной структуры|рынок труда/рынка труда|демократия/демократии|право/права|наука/науки|миграция/миграции|экономика/экономики|"
    "гражданское общество/гражданского общества|средний класс/среднего класса",
}
_PATTERNS: Mapping[str, str] = {
    "de": _DE_PATTERNS,
    "en": _EN_PATTERNS,
    "fr": "{N}|{N} et {n}|Sociologie {g}|Les métamorphoses {g}|{N} : entre {n} et {n}|L'invention {g}|La crise {g}|Pour une histoire {g}|Les enjeux {g}|"
    "Penser {n}|Faut-il réformer {n} ?|Introduction à l'étude {g}|{N} en question|Anthropologie {g}|La fabrique {g}|{N} au XIXe siècle",
    "it": "{N}|{N} e {n}|Storia {g}|La crisi {g}|Per una storia {g}|{N} tra {n} e {n}|L'evoluzione {g}|Ricerche sulla storia {g}|{N} nel Settecento|Origini e sviluppi "
    "{g}|Note sulla storia {g}|{N} in età moderna|Studi sulla teoria {g}",
    "es": "{N}|{N} y {n}|Sociología {g}|La crisis {g}|Historia {g}|{N} en América Latina|Los desafíos {g}|Hacia una teoría {g}|{N} entre {n} y {n}|{N} en México|El "
    "futuro {g}|Una mirada crítica {g}",
    "pt": "{N}|{N} e {n}|Sociologia {g}|A crise {g}|História {g}|{N} no Brasil|Os desafios {g}|Para uma teoria {g}|{N} entre {n} e {n}|O futuro {g}|A construção {g}",
    "nl": "{N}|{N} en {n}|De toekomst {g}|Geschiedenis {g}|De crisis {g}|{N} in Nederland|Sociologie {g}|Naar een theorie {g}",
    "pl": "{N}|{N} i {n}|Socjologia {g}|Historia {g}|Przemiany {g}|Współczesne problemy {g}|Kryzys {g}|{N} w Polsce|Wprowadzenie do teorii {g}",
    "tr": "{N}|{N} ve {n}|{N} ve {n} üzerine|Türkiye'de {n}|{G} dönüşümü|{G} tarihi|{G} geleceği",
    "sv": "{N}|{N} och {n}|{G} framtid|{G} historia|{G} förändring|{N} i Sverige|{G} kris|Perspektiv på {n}",
    "ru": "{N}|{N} и {n}|Социология {g}|История {g}|Проблемы {g}|{N} в России|Кризис {g}|{N}: теория и практика|Теория {g}|Особенности развития {g}|Трансформация {g}|К "
    "вопросу о роли {g}|Методология исследования {g}",
}
_SUBTITLES: Mapping[str, str] = {
    "de": _DE_SUBTITLES,
    "en": _EN_SUBTITLES,
    "fr": "une étude de cas|Essai sur la théorie {g}|Enquête sur la question {g}|une approche comparée|Le cas français|XVIIe-XVIIIe siècles",
    "it": "un'indagine empirica|Il caso italiano|Secoli XVI-XVIII|Saggi e ricerche|Atti del convegno|Problemi e prospettive",
    "es": "un estudio de caso|El caso argentino|teoría y práctica|Una aproximación|Debates actuales",
    "pt": "um estudo de caso|o caso brasileiro|teoria e prática|uma introdução|desafios e perspectivas",
    "nl": "een verkenning|Een inleiding|Een empirische studie",
    "pl": "Studium porównawcze|Zarys problematyki|Teoria i praktyka|Wybrane zagadnienia",
    "tr": "Karşılaştırmalı bir inceleme|Kuram ve uygulama|Bir giriş",
    "sv": "en studie|En introduktion|Teori och praktik",
    "ru": "социологический анализ|учебное пособие|монография|опыт исследования|материалы конференции",
}
_GENERA = (
    "Hyla Rana Bufo Anolis Liolaemus Drosophila Aphis Carabus Culex Apis Salmo Barbus Helix Planorbis Cerambyx Tipula Sorex Myotis "
    "Atractus Pristimantis Lacerta Gammarus Asellus Euglossa Parnassius Papilio Noctua Scarabaeus Lycosa Araneus Carex Quercus Ficus"
).split()
_TAXA = (
    "Amphibia: Anura|Coleoptera: Carabidae|Diptera: Culicidae|Insecta: Hymenoptera|Araneae: Lycosidae|Reptilia, Squamata|Pisces: Cyprinidae|"
    "Crustacea: Decapoda|Mollusca: Gastropoda|Lepidoptera, Noctuidae|Mammalia: Chiroptera|Hemiptera|Trematoda|Acari: Oribatida"
).split("|")
_REGIONS = (
    "Madagascar|New Guinea|southern Brazil|the Malay Archipelago|Ecuador|Borneo|the Caucasus|East Africa|Japan|the western Palaearctic|"
    "Ceylon|Tasmania|the Congo|Costa Rica|Yunnan, China|British India|Angola|the Philippines|Mexico|Siberia"
).split("|")
_ZOOLOGY = (
    "A new species of {genus} ({taxon}) from {region}|Description of a new {genus} from {region}|Revision of the genus {genus} ({taxon})|On the {group} of "
    "{region}|Notes on the genus {genus}|Descriptions of new {group} from {region}|Contributions to the knowledge of the {group} of {region}|A revision of the "
    "{region} species of {genus}|Catalogue of the {group} in the collection of the British Museum|The {group} of {region}. Part II|Beiträge zur Kenntnis der Gattung "
    "{genus}|Über einige neue Arten der Gattung {genus}|Description d'espèces nouvelles du genre {genus}|Molecular phylogeny of {genus} ({taxon})|"
    "Two new species of {genus} ({taxon}) from {region}, with notes on their biology|Zur Kenntnis der Fauna von {region}|List of {group} collected in {region}"
).split("|")
_GROUPS = "reptiles|batrachians|fishes|beetles|birds|mammals|spiders|Lepidoptera|land snails|ants|mosquitoes|bats|crustaceans".split(
    "|"
)

_CJK: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "zh": (
        tuple(
            "中国 农村 城市 社会 经济 文化 教育 政治 现代 制度 劳动 人口 青年 家庭 法律 技术 环境 历史 语言 信息 企业 金融 公共 民族 区域".split()
        ),
        tuple("研究 分析 问题探讨 发展 理论 结构变迁 比较研究 的影响因素分析 概论 史 政策研究 现状与对策".split()),
    ),
    "ja": (
        tuple("日本 社会 教育 都市 近代 労働 家族 地域 文化 政治 経済 福祉 情報 環境 青年 歴史 言語 国際".split()),
        tuple("の研究 の構造 論 の社会学 における諸問題 史研究 の理論と実践 に関する一考察 の変容 入門".split()),
    ),
    "ko": (
        tuple("한국 사회 교육 도시 문화 경제 정치 노동 가족 청소년 복지 지역 정보 환경 역사 언어".split()),
        tuple("의 변화|에 관한 연구|의 이해|의 구조|연구|의 과제와 전망|에 미치는 영향|론".split("|")),
    ),
}


def _topic(language: str, rng: random.Random) -> tuple[str, str]:
    """A topic: nominative, genitive."""
    if language == "de" and rng.random() < 0.55:
        second, gender = rng.choice(_DE_SECOND).split("/")
        word = rng.choice(_DE_FIRST) + second
        return word, f"der {word}" if gender == "f" else f"des {word}{'' if word.endswith('s') else 's'}"
    topic = rng.choice(_TOPICS[language].split("|"))
    nominative, _, genitive = topic.partition("/")
    return nominative, genitive


def _fill(pattern: str, language: str, rng: random.Random) -> str:
    while "{" in pattern:
        nominative, genitive = _topic(language, rng)
        start = pattern.index("{")
        kind = pattern[start + 1]
        word = nominative if kind in "nN" else genitive
        if kind in "NG" or start == 0:
            word = word[0].upper() + word[1:]
        pattern = pattern[:start] + word + pattern[start + 3 :]
    return pattern


def make_title(language: str, rng: random.Random, subtitle: float = 0.4) -> str:
    """A plausible title of a work in the humanities or social sciences."""
    if language in _CJK:
        return make_cjk_title(language, rng)
    title = _fill(rng.choice(_PATTERNS[language].split("|")), language, rng)
    if rng.random() < subtitle:
        joint = rng.choice((": ", ": ", ". ", ". ", " – ", ": "))
        if title.endswith("?"):
            joint = " "
        second = _fill(rng.choice(_SUBTITLES[language].split("|")), language, rng)
        title += joint + (second[0].upper() + second[1:] if joint == ". " else second)
    if language == "en" and rng.random() < 0.4:
        title = " ".join(w if w in _SMALL else w[0].upper() + w[1:] for w in title.split(" "))
    return title


_SMALL = frozenset("of the and in a an on from to after".split())


def make_zoology_title(rng: random.Random) -> str:
    """A title of a taxonomic paper."""
    return rng.choice(_ZOOLOGY).format(
        genus=rng.choice(_GENERA), taxon=rng.choice(_TAXA), region=rng.choice(_REGIONS), group=rng.choice(_GROUPS)
    )


def make_cjk_title(language: str, rng: random.Random) -> str:
    """A title in Chinese, Japanese or Korean."""
    heads, tails = _CJK[language]
    joint = " " if language == "ko" else ""
    return joint.join(rng.sample(heads, rng.choice((2, 2, 3)))) + rng.choice(tails)
