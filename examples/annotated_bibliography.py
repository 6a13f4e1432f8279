"""An annotated bibliography: references as printed become BibTeX, with a note on all that is doubtful.

    python examples/annotated_bibliography.py examples/references.txt > references.bib
    python examples/annotated_bibliography.py examples/references.txt ollama/qwen3:4b > references.bib

With a chat model, an agent looks at what is doubtful, checks it with tools, decides, and writes why.
What was done by the time it is interrupted is not done again: run it once more.
"""

import sys
from contextlib import closing

import gleanery

PARSE = {"task": "bibliography", "model": "embedded/references"}
CHECK = {"tool": "check_identifier", "name": "doi", "arguments": {"scheme": "'DOI'", "value": "output.DOI"}}
WRITE = {"tool": "to_bibtex"}


def pipeline(model: str | None) -> gleanery.Pipeline:
    """The steps; those in review are reconciled where there is a model for it."""
    reconcile = {"agent": "reconcile", "model": model, "when": 'status == "review" and output.title != null'}
    steps = [PARSE, reconcile, CHECK, WRITE] if model else [PARSE, CHECK, WRITE]
    return gleanery.Pipeline(steps, name="annotated-bibliography")


def notes(result: gleanery.Result) -> list[str]:
    """What is to be said of a record, a sentence each."""
    found = [issue.message for issue in result.issues]
    if (doi := result.carried.get("doi")) and not doi["valid"]:
        found.append(f"{doi['value']}: {doi['why']}")
    if result.error:
        found.append(f"It could not be read: {result.error}")
    if result.output and "decision" in result.output:
        found.append(f"{result.output['decision']}: {result.output['why']}")
    return found


def main(source: str, model: str | None = None) -> None:
    """Write the entries, each under the reference that it was read from."""
    with closing(pipeline(model).run(source)) as results:
        for result in results:
            print(f"% {result.input}")
            for note in notes(result):
                print(f"% NOTE: {note}")
            print(result.carried.get("to_bibtex") or "% No entry.", end="\n\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
