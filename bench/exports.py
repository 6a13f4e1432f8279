"""Whether real consumers read what a real source exports: citeproc-py, pybtex and rispy, on every record.

python bench/exports.py FILE
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from datetime import date
from pathlib import Path

import rispy
from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON
from pybtex.database import parse_file

from gleanery.running import run
from gleanery.tasks.exports.formats import FORMATS
from gleanery.tasks.records import Result


def main() -> None:
    """Run the task, write each format, read it back, and compare the number of references."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    results = list(run("bibliography", parser.parse_args().source, date=date.today()))
    print(f"{len(results):,} records")
    with tempfile.TemporaryDirectory() as folder:
        for name, suffix, read in (("csl-json", "json", _csl), ("bibtex", "bib", _bibtex), ("ris", "ris", _ris)):
            path = Path(folder) / f"out.{suffix}"
            left_out = _write(name, path, results)
            titles = read(path)
            assert len(titles) == len(results) - left_out, f"{name}: {len(titles)} read, {left_out} left out"
            read_back = f"{len(titles):,} read back without an error"
            print(f"{name:9s} {read_back}, {left_out} left out, {sum(titles):,} with a title")


def _write(name: str, path: Path, results: list[Result]) -> int:
    with path.open("wb") as stream:
        exporter = FORMATS[name].open(stream, [])
        for result in results:
            exporter.write(result)
        exporter.close()
        return exporter.left_out


def _csl(path: Path) -> list[bool]:
    """Whether each reference has a title; a style has to render every one of them without an error."""
    items = json.loads(path.read_text(encoding="utf-8"))
    style = CitationStylesStyle("harvard-cite-them-right", validate=False)
    rendered: list[str] = []
    for item in items:  # one at a time: an error shows which
        with warnings.catch_warnings():
            # citeproc-py warns of the CSL 1.0.2 variables that it does not know yet.
            warnings.simplefilter("ignore", UserWarning)
            bibliography = CitationStylesBibliography(style, CiteProcJSON([item]), formatter.plain)
        bibliography.register(Citation([CitationItem(item["id"].lower())]))
        rendered += [str(entry) for entry in bibliography.bibliography()]
    assert len(rendered) == len(items)
    return ["title" in item for item in items]


def _bibtex(path: Path) -> list[bool]:
    return ["title" in entry.fields for entry in parse_file(str(path), bib_format="bibtex").entries.values()]


def _ris(path: Path) -> list[bool]:
    with path.open(encoding="utf-8") as lines:
        return ["title" in entry or "primary_title" in entry for entry in rispy.load(lines)]


if __name__ == "__main__":
    main()
