import pytest

from gleanery.tasks.references.pages import page_edges, read_pages, reversed_range


@pytest.mark.parametrize(
    ("printed", "pages"),
    [
        ("230-65", "230-265"),
        ("pp. 12–15", "12-15"),
        ("S. 12 ff.", "12 ff."),
        ("p.12", "12"),
        ("e123", "e123"),
        ("A12-A15", "A12-A15"),
        ("xii-xv", "xii-xv"),
        ("12, 15-18", "12, 15-18"),
        ("4541 −4545", "4541-4545"),
        ("269--274", "269-274"),
        ("271 p.", "271"),
        ("120-15", "120-15"),
        ("072302", "072302"),
        ("S12-S18", "S12-S18"),
        ("73S-79S", "73S-79S"),
    ],
)
def test_read_pages(printed, pages):
    start, end = page_edges(printed, 0, len(printed))
    assert read_pages(printed[start:end]) == pages


def test_reversed_range():
    assert reversed_range("120-15")
    assert not reversed_range("15-120, 130")
    assert not reversed_range("156-1")
