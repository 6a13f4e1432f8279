"""What a Result depends on, as a digest: equal work need not be done twice."""

from __future__ import annotations

from hashlib import sha256

from gleanery.jobs.executors.executor import Opened
from gleanery.jobs.work import Work
from gleanery.tasks.exports.jsonl import json_bytes
from gleanery.tasks.records import Record


def seed_of(work: Work, opened: Opened) -> bytes | None:
    """What the contents of a work's records have in common; None where its Results are not to be taken over.

    That is so where nobody wants it, where equal work may turn out otherwise (agents), and where a model's server does
    not tell which model it is.
    """
    manifest, digests = work.manifest, opened.digests
    if not manifest.cache or manifest.kind == "agent" or opened.fingerprint is None:
        return None
    if None in digests.values():
        return None
    parts = {
        "fingerprint": opened.fingerprint,
        "bundle": work.digest,
        "task": manifest.task_digest,
        "schema": manifest.schema_digest,
        "prompt": manifest.prompt_digest,
        "models": [[address, digests.get(address)] for address in manifest.models],
        "options": dict(sorted(manifest.options.items())),
        "sample": manifest.sample,
        "version": manifest.version,
    }
    return sha256(json_bytes(parts)).digest()


def content_of(seed: bytes, record: Record) -> bytes:
    """The digest of all that a record's Result depends on. The record's id and place do not count."""
    given = [record.text, dict(record.carried), [issue.as_json() for issue in record.issues]]
    return sha256(seed + json_bytes(given)).digest()
