"""Haiku from several models, side by side, each with the syllables that were counted in its lines.

python examples/haiku_side_by_side.py ollama/qwen3:4b ollama/gemma3:4b ollama/llama3.2:3b
"""

import sys
from contextlib import closing
from dataclasses import replace

import gleanery

WIDTH = 40


def main(models: list[str]) -> None:
    """Ask every model for every prompt, and print a row of haiku for each prompt."""
    haiku = replace(gleanery.load_task("haiku"), models=tuple(models))
    with closing(gleanery.run(haiku, None)) as run:
        written = {(result.carried["prompt"], result.carried["model"]): result for result in run}
    print("".join(f"{model:<{WIDTH}}" for model in models))
    for prompt in sorted({prompt for prompt, _ in written}):
        columns = [lines(written[prompt, model]) for model in models]
        print("\n" + written[prompt, models[0]].input)
        for row in zip(*columns, strict=True):
            print("".join(f"{line:<{WIDTH}}" for line in row).rstrip())


def lines(result: gleanery.Result) -> list[str]:
    """The three lines of a haiku with their syllables, or why there is none."""
    if result.output is None:
        return [(result.error or "")[: WIDTH - 2], "", ""]
    counted = zip(result.output["lines"], result.output["syllables"], strict=True)
    return [f"{line[: WIDTH - 7]} ({syllables})" for line, syllables in counted]


if __name__ == "__main__":
    main(sys.argv[1:])
