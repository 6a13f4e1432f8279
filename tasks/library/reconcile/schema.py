"""What `reconcile` returns."""

from typing import Literal

from pydantic import Field

from gleanery.tasks.references.reference import Reference


class Reconciled(Reference):
    """A reference that was looked at again, with what was decided and why."""

    decision: Literal["confirmed", "corrected", "undecided"] = Field(
        title="Decision", description="Whether the earlier record holds."
    )
    why: str = Field(
        title="Why",
        min_length=1,
        description="One to three sentences: the value in doubt, which tool said what, what was changed.",
    )


def decided(text: str) -> str | None:
    """The texts of an answer, a line each, are refused where one is the decision that there is none."""
    return "the agent could not decide, see `why`" if "undecided" in text.splitlines() else None
