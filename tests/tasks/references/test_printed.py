import pytest

from gleanery.tasks.references.printed import join_numbers, keep_quotes, tidy, trim


@pytest.mark.parametrize(
    ("printed", "kept", "keep_dot"),
    [
        (" “On soil”, ", "On soil", False),
        ("(2004)", "2004", False),
        ("(Un)certain soil", "(Un)certain soil", False),
        ("Soil (second part)", "Soil (second part)", False),
        ("Soil).", "Soil", False),
        ("On soil.", "On soil", False),
        ("Soil in the U.S.", "Soil in the U.S.", False),
        ("J. Soil Sci.", "J. Soil Sci.", True),
        ("Why soil?", "Why soil?", False),
        ("<i>Soil</i>.", "Soil", False),
        ("((((", "", False),
        ("", "", False),
    ],
)
def test_trim(printed, kept, keep_dot):
    start, end = trim(printed, 0, len(printed), keep_dot=keep_dot)
    assert printed[start:end] == kept


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("Kommuni- kation", "Kommunikation"),
        ("Vor- und Nachteile", "Vor- und Nachteile"),
        ("long-term", "long-term"),
        ("two  spaces\nand a line", "two spaces and a line"),
        ("so\u00adft hy\u200bphen", "soft hyphen"),
        ("Baden- Baden", "Baden-Baden"),
        ("self- made", "self-made"),
        ("<i>Soil</i> &amp; water", "Soil & water"),
        ("a < b", "a < b"),
        ("plain", "plain"),
    ],
)
def test_tidy(printed, value):
    assert tidy(printed) == value


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("“like “gain” and “loss””,", "like “gain” and “loss”"),
        ("“Gain” and loss.", "“Gain” and loss"),
        ('"Gain" and loss,', '"Gain" and loss'),
        ('On "gain"', 'On "gain"'),
        ('"Gain" and "loss"', '"Gain" and "loss"'),
        ("„Boden“ und „Wasser“", "„Boden“ und „Wasser“"),
        ("in «Soil»", "in «Soil»"),
        ("“Soil”", "Soil"),
        ('"Soil"', "Soil"),
        ("Soil’", "Soil"),
    ],
)
def test_quotes_belong_to_their_partners_inside(printed, kept):
    start, end = keep_quotes(printed, *trim(printed, 0, len(printed)))
    assert printed[start:end] == kept


def test_join_numbers():
    assert join_numbers("3 – 4") == "3-4"
    assert join_numbers("VII") == "VII"
