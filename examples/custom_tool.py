"""A tool of your own, in ten lines: saved as tools.py beside ./agents, any agent may name it under `tools`."""

from gleanery.tools.tool import tool


@tool(seconds=5)
def roman_year(numeral: str) -> int:
    """Read a year that is printed in Roman numerals, such as MCMXLVIII, as a number."""
    values = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}[letter] for letter in numeral.upper()]
    return sum(-value if value < max(values[at:]) else value for at, value in enumerate(values))


if __name__ == "__main__":  # what an agent's model would be told of two calls
    from gleanery.tools.finding import find_tools
    from gleanery.tools.toolbox import Toolbox

    toolbox = Toolbox(find_tools().values())
    print(toolbox.call("roman_year", '{"numeral": "MCMXLVIII"}'))
    print(toolbox.call("roman_year", '{"numeral": "19XX"}'))
