import pytest

from gleanery.tasks.references.printed import tidy, trim


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
        ("plain", "plain"),
    ],
)
def test_tidy(printed, value):
    assert tidy(printed) == value
