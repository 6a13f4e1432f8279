from dataclasses import replace

from gleanery.tasks.records import Result, Span
from gleanery.tasks.scoring.marks import pieces


def test_the_outermost_values_are_marked(parsed: Result) -> None:
    marked = list(pieces(parsed))
    assert "".join(text for text, _ in marked) == parsed.input
    assert [(text, field) for text, field in marked if field][:3] == [
        ("van Gogh, V., & NASA", "author"),
        ("Roe", "editor"),
        ("J.)", "editor"),
    ]
    assert marked[-1] == ("https://doi.org/10.1/ab", "URL")


def test_a_value_in_pieces_is_marked_piece_by_piece(parsed: Result) -> None:
    split = replace(parsed, input="ab-cd.", spans={"title": Span(0, 5, "exact", ((0, 2), (3, 5)))})
    assert list(pieces(split)) == [("ab", "title"), ("-", None), ("cd", "title"), (".", None)]
