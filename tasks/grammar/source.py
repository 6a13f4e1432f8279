"""The grammar of a record's answer: what its schema allows, and of texts only what the record's own text says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gleanery.tasks.grammar.pieces import pieces, text_rules
from gleanery.tasks.grammar.rules import SCALARS, written
from gleanery.tasks.grammar.schema import ITEMS, SchemaRules

_FEW = 16


class SourceGrammar:
    """The grammars that a JSON Schema gives, one for each source.

    In every answer each string without `enum` or `const` is a run of whole words of the source, exactly as printed
    there, white space included; its `format`, `pattern` and length are left to validation, as are the bounds of
    numbers. Properties come in the schema's order. Of a source without any word a string can only be "". An array
    without `maxItems` has no more items than the source has words, or a few.
    UsageError where a grammar cannot say the schema: objects with keys that it does not name, values of which it says
    nothing, a schema that holds itself.
    """

    def __init__(self, json_schema: Mapping[str, Any]) -> None:
        self._schema = SchemaRules(json_schema)

    def for_source(self, source: str) -> str:
        """The grammar for answers about `source`, in GBNF; UsageError where the source is too long for one."""
        found = pieces(source)
        items = min(ITEMS, max(_FEW, sum(piece.begins for piece in found)))
        arrays = (array.rule(items) for array in self._schema.arrays)
        return written((*SCALARS, *self._schema.rules, *arrays, *text_rules(source, found)))
