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
        ({"title": "T", "URL": "https://example.org", "publisher": "Office"}, "webpage"),
        ({"title": "T", "URL": "https://github.com/a/b", "publisher": "Office"}, "software"),
        ({"title": "T", "URL": "https://example.org", "publisher": "Verlag", "publisher-place": "Ulm"}, "book"),
        ({"title": "T", "container-title": "Journal of Soil", "volume": "3", "publisher": "Press"}, "article-journal"),
        ({"title": "T", "container-title": "Soil", "volume": "3", "issue": "2", "publisher": "P"}, "article-journal"),
        ({"title": "T", "container-title": "Bodenzeitung"}, "article-newspaper"),
        ({"title": "T", "container-title": "Herald", "issued": {"date-parts": [[2003, 7, 4]]}}, "article-newspaper"),
        ({"title": "T", "container-title": "Soil Working Papers", "issue": "7"}, "report"),
        ({"title": "T", "genre": "Motion picture"}, "motion_picture"),
        ({"title": "T", "genre": "Concept Paper"}, "report"),
        ({"title": "T", "genre": "Unpublished manuscript"}, "manuscript"),
        ({"title": "T", "number": "ISO 12"}, "standard"),
        ({"title": "T", "number": "US Patent 12"}, "patent"),
        ({"title": "T", "note": "Available at SSRN 12"}, "article"),
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
        ("Historien af jorden og vandet og det danske land", "da"),
        ("Puda u nas [The soil of the valley]", None),
        ("Die Erosion der Böden (soil of the valleys and the hills)", "de"),
        ("Erosion (Die Böden und das Tal)", "de"),
        ("Pochva i voda na yuge", None),
        ("", None),
    ],
)
def test_language(title, language):
    assert infer_language(title) == language
