"""A small reader of GBNF, to see what a grammar allows without an engine."""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(r'\s+|"(?:[^"\\]|\\.)*"|\[[^]]*\]|\{\d+,\d+\}|[a-z][a-z0-9-]*|[()|?]')

Item = tuple[Any, ...]
"""("char", predicate or character), ("rule", name), ("any", alternatives), ("repeat", item, least, most)."""
Stack = tuple[Item, "Stack"] | None
"""What is still to come, the next item on top."""


class Gbnf:
    """A grammar; `allows` says whether a whole text is in it. Items are tried side by side, as llama.cpp does."""

    def __init__(self, grammar: str) -> None:
        self.rules: dict[str, list[list[Item]]] = {}
        for line in grammar.splitlines():
            name, body = line.split(" ::= ", 1)
            assert name not in self.rules, f"two rules {name}"
            self._tokens = self._tokenize(body)
            self.rules[name] = self._alternatives()
            assert not self._tokens, f"unread in {line}: {self._tokens}"

    def allows(self, text: str) -> bool:
        """Whether the text is an answer."""
        stacks = self._open((("rule", "root"), None))
        for char in text:
            after: set[Stack] = set()
            for stack in stacks:
                if stack and char in stack[0][1]:
                    after |= self._open(stack[1])
            stacks = after
        return None in stacks

    def _open(self, stack: Stack) -> set[Stack]:
        """The stacks, each with a character on top, that one comes to."""
        found: set[Stack] = set()
        todo, seen = [stack], set()
        while todo:
            stack = todo.pop()
            if stack in seen:
                continue
            seen.add(stack)
            if stack is None or stack[0][0] == "char":
                found.add(stack)
                continue
            (kind, *rest), below = stack
            if kind == "repeat":
                item, least, most = rest
                if least == 0:
                    todo.append(below)
                if most > 0:
                    todo.append((item, (("repeat", item, max(0, least - 1), most - 1), below)))
                continue
            for alternative in self.rules[rest[0]] if kind == "rule" else rest[0]:
                above = below
                for item in reversed(alternative):
                    above = (item, above)
                todo.append(above)
        return found

    @staticmethod
    def _tokenize(body: str) -> list[str]:
        tokens, place = [], 0
        while place < len(body):
            match = _TOKEN.match(body, place)
            assert match, f"not GBNF: {body[place:]}"
            place = match.end()
            if match[0].strip():
                tokens.append(match[0])
        return tokens

    def _alternatives(self) -> list[list[Item]]:
        found: list[list[Item]] = [[]]
        while self._tokens and self._tokens[0] != ")":
            token = self._tokens.pop(0)
            if token == "|":
                found.append([])
            elif token == "?":
                found[-1].append(("repeat", found[-1].pop(), 0, 1))
            elif token[0] == "{":
                least, most = map(int, token[1:-1].split(","))
                assert least <= most < 2000, "llama.cpp gives up a grammar with 2,000 repetitions"
                found[-1].append(("repeat", found[-1].pop(), least, most))
            elif token[0] == "(":
                found[-1].append(("any", tuple(tuple(one) for one in self._alternatives())))
                assert self._tokens.pop(0) == ")"
            elif token[0] == "[":
                first, last = token[1], token[3]
                found[-1].append(("char", "".join(map(chr, range(ord(first), ord(last) + 1)))))
            elif token[0] == '"':
                chars = tuple(("char", char) for char in re.sub(r'\\(["\\])', r"\1", token[1:-1]))
                found[-1].extend(chars if self._next_is_plain() else [("any", (chars,))])
            else:
                found[-1].append(("rule", token))
        return found

    def _next_is_plain(self) -> bool:
        return not self._tokens or self._tokens[0] not in "?{"
