"""Whether the models of a job are those with which it began."""

from __future__ import annotations

from collections.abc import Mapping

from gleanery.jobs.job import Job


def pins_with(job: Job, digests: Mapping[str, str | None]) -> tuple[dict[str, str | None], str | None]:
    """What to keep of a job's models, now that they were opened, and, where one is another one than before, a sentence.

    A digest that a server does not tell this time leaves what it told before.
    """
    told = {address: digest for address, digest in digests.items() if digest is not None}
    other = [address for address, digest in told.items() if job.pins.get(address) not in (None, digest)]
    pins = {**digests, **job.pins, **told}
    if not other:
        return pins, None
    names = ", ".join(f"`{address}`" for address in other)
    return pins, (
        f"{names} is not the model any more with which the job began: its server has another one under that name. "
        f"To go on with the new one: gleanery resume {job.id}"
    )
