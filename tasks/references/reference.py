"""What a parsed reference is: one record in the terms of CSL-JSON, the form that citation software exchanges."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic.json_schema import SkipJsonSchema

ReferenceType = Literal[
    "article",
    "article-journal",
    "article-magazine",
    "article-newspaper",
    "bill",
    "book",
    "broadcast",
    "chapter",
    "dataset",
    "document",
    "entry-dictionary",
    "entry-encyclopedia",
    "legal_case",
    "legislation",
    "manuscript",
    "map",
    "motion_picture",
    "paper-conference",
    "patent",
    "report",
    "review",
    "software",
    "speech",
    "standard",
    "thesis",
    "webpage",
]

# An absent value is left out, never null; null is still read as absent, because chat models write it.
Text = Annotated[str, Field(min_length=1)] | SkipJsonSchema[None]


def _lean(schema: dict[str, Any]) -> None:
    """Takes "default": null out of the schema: it invites models to write nulls."""
    for prop in schema.get("properties", {}).values():
        prop.pop("default", None)


class _CslObject(BaseModel):
    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, serialize_by_alias=True, json_schema_extra=_lean, frozen=True
    )

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in handler(self).items() if value is not None}


class Name(_CslObject):
    """One person by the parts of the name, or an organisation (or a name that cannot be divided) as `literal`."""

    family: Text = Field(None, title="Family name", description="Family name without particle, e.g. Berg.")
    given: Text = Field(None, title="Given names", description="Given names or initials as printed, e.g. J. P.")
    non_dropping_particle: Text = Field(
        None,
        alias="non-dropping-particle",
        title="Particle",
        description="Particle that belongs to the family name, e.g. van der, de, von.",
    )
    suffix: Text = Field(None, title="Suffix", description="e.g. Jr., III.")
    literal: Text = Field(
        None, title="Undivided name", description="An organisation's name, e.g. World Health Organization."
    )

    @model_validator(mode="after")
    def _named(self) -> Name:
        if not (self.family or self.given or self.literal or self.non_dropping_particle):
            raise ValueError("a name needs a family name, a given name or a literal")
        if self.literal and (self.family or self.given):
            raise ValueError("a name is either literal or divided into parts")
        return self


class Date(_CslObject):
    """A date as precise as printed: date-parts (one for a date, two for a range), or only a literal."""

    date_parts: (
        Annotated[list[Annotated[list[int], Field(min_length=1, max_length=3)]], Field(min_length=1, max_length=2)]
        | SkipJsonSchema[None]
    ) = Field(
        None,
        alias="date-parts",
        title="Date parts",
        description="[[year, month, day]], shorter where less is printed: [[1998]]. Two entries for a range.",
    )
    season: Annotated[int, Field(ge=1, le=4)] | SkipJsonSchema[None] = Field(
        None, title="Season", description="1 spring, 2 summer, 3 autumn, 4 winter."
    )
    circa: bool | SkipJsonSchema[None] = Field(None, title="Circa", description="True for an approximate date.")
    literal: Text = Field(None, title="Undated", description="Words in place of a date: in press, n.d.")

    @model_validator(mode="after")
    def _dated(self) -> Date:
        if not (self.date_parts or self.literal):
            raise ValueError("a date needs date-parts or a literal")
        for part in self.date_parts or ():
            if len(part) > 1 and not 1 <= part[1] <= 12:
                raise ValueError(f"there is no month {part[1]}")
            if len(part) > 2 and not 1 <= part[2] <= 31:
                raise ValueError(f"there is no day {part[2]}")
        return self


Names = Annotated[list[Name], Field(min_length=1)] | SkipJsonSchema[None]
MaybeDate = Date | SkipJsonSchema[None]


class Reference(_CslObject):
    """A bibliographic reference. Every value is quoted from the source; what is not printed there is left out."""

    type: ReferenceType | SkipJsonSchema[None] = Field(None, title="Type", description="What kind of work is cited.")
    author: Names = Field(None, title="Authors", description="The authors in printed order, without et al.")
    editor: Names = Field(None, title="Editors", description="The editors of the work or of its container.")
    translator: Names = Field(None, title="Translators", description="The translators.")
    title: Text = Field(None, title="Title", description="Title of the cited work itself, with its subtitle.")
    container_title: Text = Field(
        None,
        alias="container-title",
        title="Container title",
        description="Title of the journal, collected volume, proceedings, newspaper or website it appeared in.",
    )
    collection_title: Text = Field(
        None, alias="collection-title", title="Series", description="Title of the book series."
    )
    issued: MaybeDate = Field(None, title="Issued", description="When the work was published.")
    accessed: MaybeDate = Field(None, title="Accessed", description="When the URL was last visited.")
    volume: Text = Field(None, title="Volume", description="Volume, without 'Vol.' or 'Bd.'.")
    issue: Text = Field(None, title="Issue", description="Issue, without 'No.' or 'Heft'.")
    page: Text = Field(None, title="Pages", description="Page range like 230-265, or article number like e123.")
    publisher: Text = Field(None, title="Publisher", description="Publisher, university or institution.")
    publisher_place: Text = Field(
        None, alias="publisher-place", title="Place", description="Place of publication, e.g. Frankfurt am Main."
    )
    edition: Text = Field(None, title="Edition", description="Edition: 2, or words like 'revised edition'.")
    genre: Text = Field(None, title="Genre", description="Kind of work in words: PhD thesis, Working Paper.")
    number: Text = Field(None, title="Number", description="Number of a report, patent, law or in a series.")
    doi: Text = Field(None, alias="DOI", title="DOI", description="The DOI alone, beginning with 10.")
    isbn: Text = Field(None, alias="ISBN", title="ISBN", description="ISBN, digits only (and X).")
    issn: Text = Field(None, alias="ISSN", title="ISSN", description="ISSN as 1234-5678.")
    url: Text = Field(None, alias="URL", title="URL", description="Web address as printed, without spaces.")
    arxiv: Text = Field(None, alias="arXiv", title="arXiv", description="arXiv identifier: 1501.00001, hep-th/9901001.")
    pmid: Text = Field(None, alias="PMID", title="PMID", description="PubMed identifier, digits only.")
    archive: Text = Field(None, title="Archive", description="Archive with shelf mark, for unpublished sources.")
    language: Text = Field(None, title="Language", description="Language of the title, ISO 639-1: en, de, fr.")
    note: Text = Field(None, title="Note", description="What is printed and fits no other field.")
    citation_number: Text = Field(
        None, alias="citation-number", title="Citation number", description="The reference's number in the list."
    )
