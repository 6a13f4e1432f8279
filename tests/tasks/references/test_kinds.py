import pytest

from gleanery.tasks.references.kinds import infer_language, infer_type


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ({"title": "T", "container-title": "Journal of Soil", "volume": "3", "page": "1-9"}, "article-journal"),
        ({"title": "T", "container-title": "Soil Handbook", "publisher": "Verlag", "page": "1-9"}, "chapter"),
        ({"title": "T", "container-title": "Proceedings of the Soil Conference"}, "paper-conference"),
        ({"title": "T", "container-title": "Frankfurter Allgemeine Zeitung"}, "article-newspaper"),
        ({"title": "T", "publisher": "Verlag", "publisher-place": "Ulm"}, "book"),
        ({"title": "T", "genre": "PhD thesis", "publisher": "University"}, "thesis"),
        ({"title": "T", "genre": "Working Paper", "number": "12"}, "report"),
        ({"title": "T", "genre": "US Patent", "number": "12"}, "patent"),
        ({"title": "T", "arXiv": "1501.00001"}, "article"),
        ({"title": "T", "URL": "https://example.org"}, "webpage"),
        ({"archive": "State archive, box 3"}, "manuscript"),
        ({"title": "Bodenschutzgesetz", "issued": {"date-parts": [[1998]]}}, "legislation"),
        ({"issued": {"date-parts": [[1998]]}}, None),
    ],
)
def test_type(reference, kind):
    assert infer_type(reference) == kind


@pytest.mark.parametrize(
    ("title", "language"),
    [
        ("The erosion of soil in the valleys", "en"),
        ("Die Erosion der Böden im Tal", "de"),
        ("L'érosion des sols dans les vallées", "fr"),
        ("L'erosione della terra nel Veneto", "it"),
        ("La erosión de los suelos y las aguas", "es"),
        ("A erosão dos solos em uma região", "pt"),
        ("Het verlies van een bodem", "nl"),
        ("Эрозия почв в долинах", "ru"),
        ("土壌のエロージョン", "ja"),
        ("토양 침식", "ko"),
        ("土壤侵蚀", "zh"),
        ("Soil erosion", None),
        ("", None),
    ],
)
def test_language(title, language):
    assert infer_language(title) == language
