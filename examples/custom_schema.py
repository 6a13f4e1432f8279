"""A schema of your own, in ten lines: five of YAML (custom_schema.yaml beside this file), and these.

Asks the chat model of your settings, or the only one that Ollama has.
"""

from pathlib import Path

import gleanery

SENTENCES = ["An amphora is a jar with two handles.", "By krater the Greeks meant a wide bowl for mixing wine."]
for result in gleanery.run(Path(__file__).with_suffix(".yaml"), SENTENCES):
    print(f"{result.output['term']}: {result.output['meaning']}" if result.output else result.error)
