"""What a later model of a cascade is told of the answer that an earlier one was not sure of."""

from __future__ import annotations

import orjson

from gleanery.tasks.records import Issue, Result


def doubt_about(result: Result, accept: float) -> str | None:
    """The answer and what is doubtful about it, in words; None where there is no answer.

    Fields with a confidence below `accept` count as doubtful.
    """
    if result.output is None:
        return None
    doubts = [f"- {sentence(issue)}" for issue in result.issues if issue.code != "low-confidence"]
    doubts += [
        f"- {path}: may be wrong"
        for path, confidence in result.confidence.items()
        if path != "record" and confidence < accept
    ]
    listed = "Doubtful is:\n" + "\n".join(doubts) if doubts else "Something in it may be wrong."
    return (
        f"{orjson.dumps(result.output).decode()}\n\n{listed}\n\nKeep what is right, correct what is wrong or missing."
    )


def sentence(issue: Issue) -> str:
    """An issue in a sentence that says its field."""
    return f"{issue.path}: {issue.message}" if issue.path else issue.message
