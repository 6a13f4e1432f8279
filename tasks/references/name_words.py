"""Words that tell the parts of printed names apart: particles, roles, conjunctions, suffixes, organisations."""

from __future__ import annotations


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


PARTICLES = _words(
    """
    van von der den de del della dello degli dei delle di da do dos das du des la le les lo los las af av zu zum
    zur vom ter ten te 't op el al bin ibn ben d van't vander vande auf und der am im in opden thoe tho
    """
)
"""Lower-case words that begin a family name; written with a capital they count as part of it."""

CAPITAL_PARTICLES = _words(
    """
    Van Von De Del Della Dello Degli Dei Di Da Do Dos Das Du Des La Le Lo Los Las El Al Ben Bin Ter Ten Den Mac
    Mc St San Santa Saint Abu Ibn Vander VAN VON DE DEL DELLA DI DA DU LA LE DOS EL AL TER TEN DEN DER
    """
)

CONJUNCTIONS = _words("and und et y e i u en og och ve És és with ed And AND UND ET")
OTHERS = _words(
    """
    al alii aliae others altri otros outros autres andere anderen anderes andre coll colab col collaborators
    """
)
ROLES = _words(
    """
    hrsg hg hgg hrg hrgs herausgeber herausgeberin eds editor editors redactor red dir dirs coord coords
    coordinador comp comps org orgs éds éd ed edit trad trans transl übers vert bearb cur curatore comps ill
    inventor inventors begr mitarb übersetzung koord regie producer author authors autor autoren
    """
)
HONORIFICS = _words("dr prof mag dipl ing hon sir dott avv phd md msc bsc mba cpa")
SUFFIXES = _words("jr sr jun sen junior filho neto sobrinho ii iii")
REPEATS = _words("ders dies dens ebd id idem ead eadem ibid ibidem iid")
"""Words that stand for the author of the reference before."""

ORGANISATIONS = _words(
    """
    organization organisation organizations organización organizzazione ministry ministère ministerio ministero
    ministério ministerium bundesministerium department departamento university université universität
    universidad università universidade universiteit uniwersytet institute institut instituto istituto instituut
    instytut center centre centro zentrum centrum bundesamt landesamt amt agency agence agencia agenzia agentur
    bundesagentur committee comité comitato commission kommission commissione comisión comissão council conseil
    consejo consiglio association asociación associazione associação verband bundesverband verein society
    société sociedad società gesellschaft foundation fondation fundación fondazione fundação stiftung bank
    bundesbank group groupe gruppe grupo gruppo arbeitsgruppe arbeitskreis collaboration consortium konsortium
    team network netzwerk federation föderation union office bureau büro board authority service services
    administration survey museum library bibliothek bibliothèque biblioteca archiv archives academy académie
    akademie academia accademia college school hochschule schule company corporation corp inc ltd llc gmbh ag
    verlag nations parliament parlament bundestag bundesrat bundesregierung senat government gobierno kanzlei
    statistik statistics statistisches deutscher deutsches partnership project projekt programme program
    initiative league alliance fund laboratory laboratories kollektiv autorengruppe redaktion society's club
    conference konferenz forum panel investigators chamber chambre cámara kammer ämter weltbank nationen secretariat
    directorate eurostat treasury embassy
    """
)
ORGANISATION_ENDS = (
    "zentrum", "ministerium", "institut", "verband", "gesellschaft", "stiftung", "kommission", "konferenz", "agentur",
    "behörde", "verwaltung", "regierung", "universität", "hochschule", "akademie", "vereinigung", "gemeinschaft", "amt",
    "ämter", "kammer",
)  # fmt: skip
"""How compounds end that name organisations: Flüchtlingszentrum."""

ORGANISATION_LINKS = _words("of for für pour para")
"""Words inside the names of organisations, but of no persons."""


ACRONYMS = _words(
    """
    OECD OCDE UNESCO UNICEF UNHCR UNDP UNEP NATO FAO ILO IMF WHO WTO USAID NASA IPCC IEA ECB EZB ISO IAEA EU UN
    Eurostat Destatis Frontex Europol Interpol Unesco Unicef Greenpeace Google Microsoft OpenAI Oxfam Bitkom
    """
)
"""Organisations whose short names could be said, and so be taken for family names."""

GIVEN = _words(
    """
    Adam Adrian Alain Alan Albert Alberto Alessandro Alex Alexander Alexandre Alfred Alice Amy Ana Anderson
    Andrea Andreas Andrew André Angela Ann Anna Anne Anthony Antoine Antonio Arthur Barbara Benjamin Bernard
    Bernd Bernhard Bob Brian Brigitte Bruce Bruno Carl Carla Carlo Carlos Carol Caroline Catherine Charles
    Charlotte Chris Christian Christina Christine Christoph Christopher Claude Claudia Claudio Craig Daniel
    Daniela David Deborah Diana Didier Diego Dieter Dominique Donald Dorothy Douglas Eberhard Edgar Edward Elena
    Elisabeth Elizabeth Ellen Emily Emma Enrico Eric Erich Ernst Eugene Eva Federico Felix Ferdinand Fernando
    Francesca Francesco Francis Francisco Frank François Frederick Friedrich Fritz Gabriel Gaetano Gary Georg
    George Gerald Gerard Gerhard Gino Giorgio Giovanni Giulia Giulio Giuseppe Gregory Guido Guillaume Hannah
    Hans Harald Harold Harry Heather Heinrich Heinz Helen Helmut Henri Henry Herbert Hermann Horst Hubert Hugo
    Ian Ingrid Isabel Jacob Jacques Jakob James Jan Jane Janet Jason Javier Jean Jeffrey Jennifer Jessica Jim
    Joachim Joan Johann Johannes John Jonathan Jorge Joseph José Juan Judith Julia Julie Jürgen Karen Karin Karl
    Katherine Kathleen Keith Kenneth Kevin Klaus Kurt Larry Laura Laurent Lawrence Leonardo Linda Lisa Lorenzo
    Louis Luca Lucas Luigi Luis Lukas Luís Manfred Manuel Marc Marco Marcus Margaret Maria Marie Mario Mark
    Markus Martha Martin Mary Massimo Matteo Matthew Matthias Maurice Max Melissa Michael Michel Michele Miguel
    Monica Monika Nancy Nicholas Nicola Nicolas Nicole Niklas Norbert Olga Oliver Oscar Otto Pablo Paola Paolo
    Patricia Patrick Paul Paula Pedro Peter Petra Philip Philipp Philippe Pierre Pietro Rachel Rainer Ralf Ralph
    Raymond Rebecca Renate Ricardo Richard Robert Roberto Roger Roland Rolf Ronald Rudolf Ruth Ryan Sabine
    Samuel Sandra Sara Sarah Scott Sebastian Sergio Silvia Simon Simone Sophie Stefan Stefano Stephan Stephanie
    Stephen Steven Sue Susan Susanne Sylvia Sylvie Tim Thomas Timothy Tobias Ulrich Ulrike Ursula Uwe Valentina
    Victor Vincent Vincenzo Virginia Volker Walter Werner Wilhelm William Winfried Wolfgang Yves Éric Étienne
    Flaminio Pasquale Gustavo Bartolomeo Silvio Cesare Vittorio Ugo Emilio Ettore Renato Aldo Girolamo Tommaso
    Giacomo Filippo Lionello Ennio Elio Béla László István Gábor Zoltán Ferenc Sándor Tamás György Judit Éva
    Katalin Zsuzsa Emmanuel Joanna Piotr Krzysztof Tomasz Katarzyna Agnieszka Anders Lars Søren Jens Björn Sven
    """
)
"""Common given names, to tell "GAÏTI Brigitte" and "C. Eugene Rowe" apart from double family names."""

DOUBLE_FAMILY = _words(
    "欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 司徒 东方 皇甫 尉迟 公孙 慕容 남궁 황보 선우 제갈 독고 사공 서문"
)
"""Chinese and Korean family names of two characters."""
