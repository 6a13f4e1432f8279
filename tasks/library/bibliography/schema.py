"""What `bibliography` returns."""

from gleanery.tasks.references.reference import Reference as Reference
