"""The words of CSL 1.0.2: types of items, and the variables that hold names, dates and text."""

# ruff: noqa: SIM905 - they read better as words than as a column of quoted strings

from __future__ import annotations

TYPES = frozenset(
    "article article-journal article-magazine article-newspaper bill book broadcast chapter classic collection dataset"
    " document entry entry-dictionary entry-encyclopedia event figure graphic hearing interview legal_case legislation"
    " manuscript map motion_picture musical_score pamphlet paper-conference patent performance periodical"
    " personal_communication post post-weblog regulation report review review-book software song speech standard"
    " thesis treaty webpage".split()
)
NAME_VARIABLES = frozenset(
    "author chair collection-editor compiler composer container-author contributor curator director editor"
    " editorial-director executive-producer guest host illustrator interviewer narrator organizer original-author"
    " performer producer recipient reviewed-author script-writer series-creator translator".split()
)
DATE_VARIABLES = frozenset("accessed available-date event-date issued original-date submitted".split())
TEXT_VARIABLES = frozenset(
    "abstract annote archive archive-place archive_collection archive_location authority call-number chapter-number"
    " citation-key citation-label citation-number collection-number collection-title container-title"
    " container-title-short dimensions division DOI edition event-place event-title first-reference-note-number genre"
    " ISBN ISSN issue jurisdiction keyword language locator medium note number number-of-pages number-of-volumes"
    " original-publisher original-publisher-place original-title page page-first part part-title PMCID PMID printing"
    " publisher publisher-place references reviewed-genre reviewed-title scale section source status supplement title"
    " title-short URL version volume volume-title volume-title-short year-suffix".split()
)
