# SPDX-License-Identifier: BSD-3-Clause
"""How deep the control statements of a C function are nested: deepest(body)."""

import re

_TOKEN = re.compile(r"[A-Za-z_]\w*|[{}();:?=,\[\]]")
_WITH_CONDITION = {"if", "for", "while", "switch"}


class _Body:
    """A walk over the tokens of one function body; initialisers are expressions."""

    def __init__(self, body):
        self.tokens = [(m.group(0), body.count("\n", 0, m.start())) for m in _TOKEN.finditer(body)]
        self.i, self.depth, self.line = 0, 0, 0

    def peek(self, offset=0):
        at = self.i + offset
        return self.tokens[at][0] if at < len(self.tokens) else ""

    def enter(self, level):
        if level > self.depth:
            self.depth = level
            self.line = self.tokens[min(self.i, len(self.tokens) - 1)][1]

    def skip_group(self):
        """From an opening bracket to behind the one that closes it."""
        depth = 0
        while self.i < len(self.tokens):
            token = self.peek()
            depth += (token in "([{") - (token in ")]}")
            self.i += 1
            if depth == 0:
                return

    def block(self, level):
        self.i += 1
        while self.peek() not in ("}", ""):
            self.statement(level)
        self.i += 1

    def statement(self, level):
        token = self.peek()
        if token == "{":
            self.block(level)
        elif token in _WITH_CONDITION:
            self.i += 1
            self.skip_group()
            self.controlled(level + 1)
        elif token == "else":  # at the level of its if; `else if` is a chain, not a nest
            self.i += 1
            if self.peek() == "if":
                self.statement(level)
            else:
                self.controlled(level + 1)
        elif token == "do":
            self.i += 1
            self.controlled(level + 1)
            self.expression(level)
        elif token in ("case", "default"):
            while self.peek() not in (":", ""):
                self.i += 1
            self.i += 1
        elif self.peek(1) == ":" and re.match(r"[A-Za-z_]", token):
            self.i += 2  # a label
        else:
            self.expression(level)

    def controlled(self, level):
        self.enter(level)
        self.statement(level)

    def expression(self, level):
        """Up to its semicolon; NAME(...) { at the start of one is a loop made by a macro."""
        if re.match(r"[A-Za-z_]", self.peek()) and self.peek(1) == "(":
            self.i += 1
            self.skip_group()
            if self.peek() == "{":
                self.controlled(level + 1)
                return
        while self.peek() not in (";", "}", ""):
            if self.peek() in ("(", "[", "{"):
                self.skip_group()
            else:
                self.i += 1
        if self.peek() == ";":
            self.i += 1


def deepest(body):
    """(levels, line of the deepest one from the body's first); the body is blanked, in braces."""
    walk = _Body(body)
    walk.block(0)
    return walk.depth, walk.line
