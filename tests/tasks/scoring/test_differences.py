import json
from pathlib import Path
from typing import Any

import pytest

from gleanery.errors import UsageError
from gleanery.tasks.scoring.differences import Difference, differences, losses, read_report
from gleanery.tasks.scoring.matches import MATCHES


def score(micro: float, instance: float, **fields: float) -> dict[str, Any]:
    figures = {
        "micro": {"f1": micro},
        "instance": instance,
        "fields": {name: {"f1": f1} for name, f1 in fields.items()},
    }
    return {"n": 1, **dict.fromkeys(MATCHES, figures)}


BEFORE = {"overall": score(90.0, 70.0, title=95.0), "by_source": {"a": score(80.0, 60.0), "gone": score(1.0, 1.0)}}
NOW = {"overall": score(89.5, 69.49, title=96.1, year=1.0), "by_source": {"a": score(78.0, 50.0), "b": score(5.0, 5.0)}}


def test_every_shared_figure_is_compared() -> None:
    assert differences(BEFORE, NOW, "soft") == [
        Difference("overall", "micro F1", 90.0, 89.5),
        Difference("overall", "instance", 70.0, 69.49),
        Difference("overall", "title", 95.0, 96.1),
        Difference("a", "micro F1", 80.0, 78.0),
        Difference("a", "instance", 60.0, 50.0),
    ]


def test_figures_of_the_only_source_are_not_said_twice() -> None:
    before = {"overall": score(90.0, 70.0), "by_source": {"a": score(90.0, 70.0)}}
    now = {"overall": score(80.0, 70.0), "by_source": {"a": score(80.0, 70.0)}}
    assert [(row.where, row.change) for row in differences(before, now, "soft")] == [
        ("overall", -10.0),
        ("overall", 0.0),
    ]
    assert [row.where for row in losses(differences(before, now, "soft"), 0.5)] == ["overall"]


def test_a_loss_is_a_mean_that_fell_by_more_than_the_tolerance() -> None:
    lost = losses(differences(BEFORE, NOW, "soft"), 0.5)
    assert [(row.where, row.figure, row.change) for row in lost] == [
        ("overall", "instance", -0.51),
        ("a", "micro F1", -2.0),
    ]
    assert not losses(differences(BEFORE, NOW, "soft"), 2.0)


def test_reads_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "before.json"
    file.write_text(json.dumps(BEFORE))
    assert read_report(file) == BEFORE


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "is no report"),
        ("{}", "is no report"),
        ('{"overall": {"soft": 1}}', "is no report"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "before.json"
    file.write_text(content)
    with pytest.raises(UsageError, match=f"before.json: {says}"):
        read_report(file)
