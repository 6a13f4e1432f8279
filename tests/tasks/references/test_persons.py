import pytest

from gleanery.tasks.references.persons import split_persons

SHORT = {"family": "F", "given": "G", "non-dropping-particle": "P", "suffix": "S", "literal": "L"}


def names(text):
    """Persons as "P:van F:Berg G:J." strings, particle first."""
    persons = split_persons(text, 0, len(text))
    return ["/".join(f"{SHORT[part.key]}:{text[part.start : part.end]}" for part in person) for person in persons]


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("Okafor, Ada; Lindqvist, Bo", ["F:Okafor/G:Ada", "F:Lindqvist/G:Bo"]),
        ("Okafor, A., & Lindqvist, B. C.", ["F:Okafor/G:A.", "F:Lindqvist/G:B. C."]),
        ("Okafor, A., B. Lindqvist and C. D. Moreau", ["F:Okafor/G:A.", "F:Lindqvist/G:B.", "F:Moreau/G:C. D."]),
        ("Okafor, Ada, Bo Lindqvist, and Cleo Moreau", ["F:Okafor/G:Ada", "F:Lindqvist/G:Bo", "F:Moreau/G:Cleo"]),
        ("Ada Okafor, Bo Lindqvist und Cleo Moreau", ["F:Okafor/G:Ada", "F:Lindqvist/G:Bo", "F:Moreau/G:Cleo"]),
        ("Okafor AB, Lindqvist C", ["F:Okafor/G:AB", "F:Lindqvist/G:C"]),
        ("A.B. Okafor", ["F:Okafor/G:A.B."]),
        ("OKAFOR Ada", ["F:OKAFOR/G:Ada"]),
        ("Ada OKAFOR", ["F:OKAFOR/G:Ada"]),
        ("OKAFOR, A., LI, B., AND VU, C.", ["F:OKAFOR/G:A.", "F:LI/G:B.", "F:VU/G:C."]),
        ("Okafor, Ada/ Lindqvist, Bo", ["F:Okafor/G:Ada", "F:Lindqvist/G:Bo"]),
        ("Okafor, A. / Lindqvist, B.", ["F:Okafor/G:A.", "F:Lindqvist/G:B."]),
        ("Ada Okafor - Bo Lindqvist (a cura di)", ["F:Okafor/G:Ada", "F:Lindqvist/G:Bo"]),
        ("Okafor, A. u. Lindqvist, B.", ["F:Okafor/G:A.", "F:Lindqvist/G:B."]),
        ("Okafor, Lindqvist, and Moreau", ["F:Okafor", "F:Lindqvist", "F:Moreau"]),
        ("Okafor and Lindqvist", ["F:Okafor", "F:Lindqvist"]),
        ("Peña Nieto, Laura", ["F:Peña Nieto/G:Laura"]),
        ("Mora y Prats, Jordi", ["F:Mora y Prats/G:Jordi"]),
        ("Mora, J. y Prats, L.", ["F:Mora/G:J.", "F:Prats/G:L."]),
        ("C. Eugene Lindqvist", ["F:Lindqvist/G:C. Eugene"]),
        ("OKAFOR (A.), LI (B.C.)", ["F:OKAFOR/G:A.", "F:LI/G:B.C."]),
        ("Okafor (Anna), Roux (Jean-Paul)", ["F:Okafor/G:Anna", "F:Roux/G:Jean-Paul"]),
        ("Okafor, A., Li, B. Roux, C.", ["F:Okafor/G:A.", "F:Li/G:B.", "F:Roux/G:C."]),
        ("Okafor A. Lindqvist B.", ["F:Okafor/G:A.", "F:Lindqvist/G:B."]),
        ("Okafor, James N.; Lindqvist, M. Diane", ["F:Okafor/G:James N.", "F:Lindqvist/G:M. Diane"]),
        ("Sabine Roux, Cleo Stephan", ["F:Roux/G:Sabine", "F:Stephan/G:Cleo"]),
    ],
)
def test_orders(printed, expected):
    assert names(printed) == expected


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("van der Meer, J.", ["F:Meer/P:van der/G:J."]),
        ("Meer, J. van der", ["F:Meer/G:J./P:van der"]),
        ("J. van der Meer", ["F:Meer/P:van der/G:J."]),
        ("van der Meer JP, Li X", ["F:Meer/P:van der/G:JP", "F:Li/G:X"]),
        ("Lucía de la Fuente", ["F:Fuente/P:de la/G:Lucía"]),
        ("van Dorp, et al.", ["F:Dorp/P:van"]),
        ("M. De Smet & F. Roux", ["F:De Smet/G:M.", "F:Roux/G:F."]),
        ("Okafor, Robert D., Jr.", ["F:Okafor/G:Robert D./S:Jr."]),
        ("Okafor, W. E., III, and P. Li", ["F:Okafor/G:W. E./S:III", "F:Li/G:P."]),
        ("J.-P. O’Hara-Smith", ["F:O’Hara-Smith/G:J.-P."]),
    ],
)
def test_particles_and_suffixes(printed, expected):
    assert names(printed) == expected


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("Okafor, A. et al.", ["F:Okafor/G:A."]),
        ("Okafor A, Li B, and others", ["F:Okafor/G:A", "F:Li/G:B"]),
        ("Okafor, A. u. a.", ["F:Okafor/G:A."]),
        ("edited by Ada Okafor and Bo Li", ["F:Okafor/G:Ada", "F:Li/G:Bo"]),
        ("Okafor, A. & Li, B. (Hrsg.)", ["F:Okafor/G:A.", "F:Li/G:B."]),
        ("Okafor, A., & Li, B., eds.", ["F:Okafor/G:A.", "F:Li/G:B."]),
        ("hrsg. von Ada Okafor", ["F:Okafor/G:Ada"]),
        ("hrsg. und eingeleitet von Ada Okafor", ["F:Okafor/G:Ada"]),
        ("Ubersetzt von Ada Okafor", ["F:Okafor/G:Ada"]),
        ("Ada Okafor etc.", ["F:Okafor/G:Ada"]),
    ],
)
def test_roles_and_et_al_are_no_persons(printed, expected):
    assert names(printed) == expected


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("World Health Organization", ["L:World Health Organization"]),
        ("Statistisches Bundesamt", ["L:Statistisches Bundesamt"]),
        ("OECD", ["L:OECD"]),
        ("BMFSFJ", ["L:BMFSFJ"]),
        ("Department of Water, Soil and Air", ["L:Department of Water, Soil and Air"]),
        ("CMS Collaboration, Okafor, A., Li, B.", ["L:CMS Collaboration", "F:Okafor/G:A.", "F:Li/G:B."]),
        ("Chamber of Water and Soil", ["L:Chamber of Water and Soil"]),
        ("Bodenzentrum Ulm", ["L:Bodenzentrum Ulm"]),
        ("Statistische Ämter des Bundes und der Länder", ["L:Statistische Ämter des Bundes und der Länder"]),
        ("Eurostat", ["L:Eurostat"]),
        ("EU", ["L:EU"]),
        ("bodenblog.com", ["L:bodenblog.com"]),
        ("AA. VV.", ["L:AA. VV."]),
        ("ders.", ["L:ders."]),
        ("———", ["L:———"]),
        ("———, and Bo Li", ["L:———", "F:Li/G:Bo"]),
    ],
)
def test_undivided_names(printed, expected):
    assert names(printed) == expected


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("王芳, 李娜", ["F:王/G:芳", "F:李/G:娜"]),
        ("欧阳芳", ["F:欧阳/G:芳"]),
        ("김민준 외", ["F:김/G:민준"]),
        ("박서연.이도윤", ["F:박/G:서연", "F:이/G:도윤"]),
        ("山本 花子", ["F:山本/G:花子"]),
        ("F .Okafor ,M .C .Li ,and L .Roux", ["F:Okafor/G:F .", "F:Li/G:M .C .", "F:Roux/G:L ."]),
        ("A. Okafor, andV. L. Roux", ["F:Okafor/G:A.", "F:Roux/G:V. L."]),
        ("OkaforB. W., Li A.", ["F:Okafor/G:B. W.", "F:Li/G:A."]),
        ("S. Okafor & L. roux", ["F:Okafor/G:S.", "F:roux/G:L."]),
        ("J. D ’ Okafor", ["F:D ’ Okafor/G:J."]),
        ("", []),
        (" ,;.", []),
    ],
)
def test_other_scripts_and_debris(printed, expected):
    assert names(printed) == expected
