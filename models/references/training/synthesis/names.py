# ruff: noqa: E501 -- tables of data: one entry reads best on one line
"""Persons: names of many cultures, and the many ways in which lists of them are printed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """A name in its parts; `particle` is a "van der" before the family name."""

    family: str
    given: str
    particle: str = ""
    suffix: str = ""


_NAMES: Mapping[str, tuple[str, str]] = {
    "de": (
        "Ulrich Hans Peter Klaus Jürgen Wolfgang Michael Thomas Andreas Stefan Christian Martin Karl Heinz Gerhard Werner "
        "Dieter Rainer Bernd Uwe Frank Ralf Matthias Markus Sabine Petra Monika Ursula Renate Karin Birgit Andrea Claudia "
        "Susanne Katrin Anja Christine Elisabeth Barbara Ilse Gisela Hildegard Günther Jörg Anne-Marie Karl-Heinz "
        "Hans-Peter Björn Sönke Lutz Axel Detlef Eva Julia Nina Tanja Friedrich Wilhelm Otto Georg Theodor Max",
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Bauer Richter Klein Wolf Schröder "
        "Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Werner Krause Lehmann Köhler Maier Walter König "
        "Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Vogel Friedrich Keller Günther Berger Winkler "
        "Lorenz Baumann Franke Albrecht Beck Luhmann Habermas Offe Kaufmann Esser Diekmann Mayntz Streeck Scharpf Geißler "
        "Hurrelmann Klafki Tenorth Blotevogel Hradil Kreckel Joas Honneth Rosa Nassehi Bude Dahrendorf Großmann Müller-Armack "
        "Schulze-Gävernitz Öztürk Weiss Strauß Groß Rüsen Wehler",
    ),
    "en": (
        "John James Robert Michael William David Richard Thomas Charles Mary Patricia Linda Barbara Elizabeth Jennifer "
        "Susan Margaret Sarah Karen Nancy Daniel Paul Mark George Kenneth Steven Edward Brian Ronald Anthony Kevin Jason "
        "Rebecca Laura Emily Catherine Helen Ruth Alan Arthur Walter Philip Rachel Amy Kate Neil Simon Hugh Craig Ian",
        "Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Taylor Thomas Moore Martin Jackson Thompson White "
        "Harris Clark Lewis Robinson Walker Young Allen King Wright Scott Green Baker Adams Nelson Hill Campbell Mitchell "
        "Roberts Carter Phillips Evans Turner Parker Collins Edwards Stewart Morris Murphy Cook Rogers Morgan Cooper "
        "Peterson Reed Bailey Bell Kelly Howard Ward Cox Richardson Wood Watson Brooks Bennett Gray Hughes Price Myers "
        "Long Foster Sanders Ross O'Brien McDonald O'Connor MacKenzie Giddens Goffman Putnam Inglehart Granovetter Tilly "
        "Skocpol Harvey Massey Soja Jessop Castells Boulenger Günther Gray-Smith Fitzgerald Smith-Jones",
    ),
    "fr": (
        "Jean Pierre Michel Marie Philippe Alain Bernard Jacques Daniel Patrick Gérard Christian Nicolas François Laurent "
        "Catherine Isabelle Sylvie Anne Hélène Claire Émile Étienne Jean-Pierre Jean-Claude Marie-Claude Luc Bruno Gilles",
        "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefebvre Michel Garcia Roux "
        "Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Müller Lefèvre Faure André Mercier Blanc Guérin "
        "Boyer Garnier Chevalier François Legrand Gauthier Perrin Morin Bourdieu Touraine Boltanski Latour Castel Lévi-Strauss",
    ),
    "it": (
        "Giovanni Giuseppe Antonio Mario Luigi Francesco Angelo Vincenzo Pietro Salvatore Carlo Paolo Franco Maria Anna "
        "Giulia Elena Chiara Laura Alessandro Andrea Stefano Marco Roberto Giorgio Gaetano Ennio Gino Marino Silvia",
        "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti De Luca Mancini Costa "
        "Giordano Rizzo Lombardi Moretti Barbieri Fontana Santoro Mariani Rinaldi Caruso Ferrara Galli Martini Leone Longo "
        "Gentile Martinelli Vitale Lombardo Serra Coppola D'Angelo Cozzi Berengo Cessi Ginzburg Gramsci Bobbio",
    ),
    "es": (
        "José Antonio Manuel Francisco Juan David Carlos Jesús Javier Miguel María Carmen Ana Isabel Laura Cristina Marta "
        "Rafael Pedro Ángel Alejandro Luis Fernando Sergio Jorge Alberto Pablo Ramón Enrique Ricardo",
        "García González Rodríguez Fernández López Martínez Sánchez Pérez Gómez Martín Jiménez Ruiz Hernández Díaz Moreno "
        "Muñoz Álvarez Romero Alonso Gutiérrez Navarro Torres Domínguez Vázquez Ramos Gil Ramírez Serrano Blanco Molina "
        "García-Canclini Ortega Castro Rubio Marín Sanz Núñez Iglesias Medina Garrido Cortés Castillo Peña Vega",
    ),
    "pt": (
        "João Maria José Ana António Francisco Carlos Paulo Pedro Lucas Luiz Marcos Luís Gabriel Rafael Daniel Marcelo "
        "Bruno Eduardo Felipe Adriana Juliana Márcia Fernanda Patrícia Aline Sandra Boaventura Florestan",
        "Silva Santos Oliveira Souza Rodrigues Ferreira Alves Pereira Lima Gomes Costa Ribeiro Martins Carvalho Almeida "
        "Lopes Soares Fernandes Vieira Barbosa Rocha Dias Nascimento Andrade Moreira Nunes Marques Machado Mendes Freitas "
        "Cardoso Ramos Gonçalves Santana Teixeira Araújo Correia Pinto Azevedo Freire",
    ),
    "nl": (
        "Jan Johannes Cornelis Hendrik Willem Pieter Gerrit Maria Anna Johanna Elisabeth Cornelia Sander Bart Joost Kees "
        "Marijke Anneke Wouter Ruud Dirk Geert Rob",
        "Jong Jansen Vries Berg Dijk Bakker Janssen Visser Smit Meijer Boer Mulder Groot Bos Vos Peters Hendriks Leeuwen "
        "Dekker Brouwer Wit Dijkstra Smits Graaf Meer Linden Kok Jacobs Haan Vermeulen Heuvel Veen Broek Schouten",
    ),
    "pl": (
        "Jan Andrzej Piotr Krzysztof Stanisław Tomasz Paweł Józef Marcin Marek Michał Grzegorz Jerzy Tadeusz Adam Łukasz "
        "Anna Maria Katarzyna Małgorzata Agnieszka Krystyna Barbara Ewa Elżbieta Zofia Jadwiga Zygmunt Bogdan",
        "Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski Kozłowski "
        "Jankowski Mazur Wojciechowski Kwiatkowski Krawczyk Kaczmarek Piotrowski Grabowski Zając Pawłowski Michalski Król "
        "Wieczorek Jabłoński Wróbel Nowakowska Majewski Olszewski Bauman Sztompka Svoboda Novák Dvořák Černý",
    ),
    "tr": (
        "Mehmet Mustafa Ahmet Ali Hüseyin Hasan İbrahim Osman Murat Fatma Ayşe Emine Hatice Zeynep Elif Şerif Nilüfer "
        "Çağlar Kemal Orhan Serdar Gökhan Özlem",
        "Yılmaz Kaya Demir Şahin Çelik Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan Kılıç Aslan Çetin Kara Koç Kurt "
        "Özkan Şimşek Polat Korkmaz Çakır Erdoğan Güneş Keyder Mardin İnalcık",
    ),
    "sv": (
        "Lars Anders Johan Erik Per Karl Jan Nils Lena Anna Eva Maria Karin Kristina Birgitta Bo Göran Björn Åke Søren "
        "Jørgen Kjell Ole Knut Ingrid Gunnar Tor Arne Pekka Juha Matti",
        "Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Gustafsson Pettersson Lindberg "
        "Lindström Bergström Sandberg Nielsen Jensen Hansen Pedersen Christensen Rasmussen Sørensen Jørgensen Møller "
        "Johansen Olsen Larsen Solberg Bakke Ødegård Virtanen Korhonen Mäkinen Nieminen Åberg Öberg",
    ),
    "ru": (
        "Александр Сергей Владимир Андрей Алексей Дмитрий Михаил Николай Иван Павел Пётр Борис Виктор Олег Юрий Елена "
        "Ольга Наталья Татьяна Ирина Анна Мария Светлана Лев Георгий",
        "Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров Морозов Волков Алексеев Лебедев "
        "Семёнов Егоров Павлов Козлов Степанов Николаев Орлов Андреев Макаров Никитин Захаров Зайцев Соловьёв Борисов "
        "Яковлев Григорьев Романов Воробьёв Сергеев Кузьмин Левада Заславская Ядов Здравомыслов",
    ),
    "zz": (
        "Wei Jun Hiroshi Takashi Yuki Min-Jung Seung-Ho Rajesh Anil Sunita Amartya Priya Mohamed Ahmed Fatima Ali Hassan "
        "Kwame Chinua Ngozi Nguyen Thanh Ivan Dmitri Sergei Elena Olga Yury Kenji Akira Xiaoming Li Hui Jian Vladimir",
        "Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Tanaka Suzuki Sato Takahashi Watanabe Yamamoto Kim Lee Park "
        "Choi Nguyen Tran Singh Kumar Sharma Gupta Patel Sen Rao Khan Hussein Al-Hassan El-Sayed Okonkwo Mensah Diallo "
        "Ivanov Petrov Smirnov Popescu Horvath Nagy Papadopoulos Cohen Levi Hosseini Rahman",
    ),
}
"""Given and family names per language; "zz" is the rest of the world in Latin letters."""

PARTICLES: Mapping[str, tuple[str, ...]] = {
    "de": ("von", "von der", "zu", "v."),
    "en": ("van", "de", "von", "van der"),
    "fr": ("de", "de la", "du", "d'"),
    "it": ("di", "de", "della", "da"),
    "es": ("de", "de la", "del"),
    "pt": ("de", "da", "dos"),
    "nl": ("van", "van der", "de", "van den", "ten", "van de"),
}

_NAME_POOLS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    language: (tuple(given.split()), tuple(family.split())) for language, (given, family) in _NAMES.items()
}


def make_person(language: str, rng: random.Random, more_families: Sequence[str] = ()) -> Person:
    """A plausible person; `more_families` are family names from the data."""
    if language != "ru" and rng.random() < 0.2:
        language = rng.choice(("de", "en", "en", "fr", "it", "es", "nl", "pl", "sv", "tr", "zz", "zz"))
    given_pool, family_pool = _NAME_POOLS.get(language, _NAME_POOLS["en"])
    family = rng.choice(family_pool)
    if more_families and language != "ru" and rng.random() < 0.5:
        family = rng.choice(more_families)
    elif rng.random() < 0.04:
        family = f"{family}-{rng.choice(family_pool)}"
    given = rng.choice(given_pool)
    if language == "ru":
        given += " " + rng.choice(("Александрович", "Иванович", "Петрович", "Сергеевич", "Михайлович"))
        return Person(family, given)
    if rng.random() < 0.25:
        given += " " + (rng.choice(given_pool) if rng.random() < 0.3 else rng.choice("ABCDEFGHJKLMNPRSTW") + ".")
    particle = rng.choice(PARTICLES[language]) if language in PARTICLES and rng.random() < _particles(language) else ""
    suffix = rng.choice(("Jr.", "III", "Jr", "Sr.")) if language == "en" and rng.random() < 0.02 else ""
    return Person(family, given, particle, suffix)


def _particles(language: str) -> float:
    return {"nl": 0.45, "en": 0.02}.get(language, 0.05)


@dataclass(frozen=True)
class NameStyle:
    """How a list of persons is printed."""

    order: str = "family-given"  # or "given-family", "first-inverted" (only the first one is family first)
    initials: str = "full"  # or "A. B.", "A.B.", "AB", "A B", "A-B." (hyphens kept)
    comma: str = ", "  # between family and given names
    delimiter: str = ", "
    last: str = " and "
    capitals: str = ""  # or "caps" for the family names
    most: int = 99  # at most so many before "et al."
    etal: str = "et al."


def make_initials(given: str, form: str) -> str:
    """The given names in the form that the style wants."""
    if form == "full":
        return given
    parts = [part for part in given.replace(".", " ").split() if part]
    letters = ["-".join(piece[0] for piece in part.split("-") if piece) for part in parts]
    if form == "AB":
        return "".join(letters).replace("-", "")
    if form == "A B":
        return " ".join(letters)
    dotted = [letter.replace("-", ".-") + "." for letter in letters]
    return (" " if form == "A. B." else "").join(dotted)


def format_person(person: Person, style: NameStyle, inverted: bool) -> str:
    """One person as printed."""
    given = make_initials(person.given, style.initials)
    family = person.family.upper() if style.capitals == "caps" else person.family
    joint = "" if person.particle.endswith("'") else " "
    whole = f"{person.particle}{joint}{family}" if person.particle else family
    if not inverted:
        name = f"{given} {whole}"
        return f"{name}, {person.suffix}" if person.suffix else name
    name = f"{whole}{style.comma}{given}"
    return f"{name}, {person.suffix}" if person.suffix else name


def format_people(people: Sequence[Person], style: NameStyle) -> str:
    """A list of persons as printed, with its "et al."."""
    shown = people[: style.most] if len(people) > style.most else people
    names = [
        format_person(person, style, style.order == "family-given" or (style.order == "first-inverted" and index == 0))
        for index, person in enumerate(shown)
    ]
    if len(shown) < len(people):
        joint = " " if len(names) == 1 or style.delimiter != ", " else ", "
        return style.delimiter.join(names) + joint + style.etal
    if len(names) == 1:
        return names[0]
    return style.delimiter.join(names[:-1]) + style.last + names[-1]
