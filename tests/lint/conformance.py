#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The rules of docs/ipfix.md: none is missing, and each test that a line names is there.

  conformance.py ROOT
  conformance.py --selftest
"""

import re
import sys
import tempfile
from pathlib import Path

PAGE = "docs/ipfix.md"
# How many rules each letter has.
RULES = {"M": 9, "T": 8, "E": 6, "O": 6, "S": 3, "A": 4, "B": 4, "F": 8, "L": 2, "I": 2, "R": 2,
         "X": 10, "Q": 6}


def complaints(root):
    """What is wrong, a line each."""
    seen = []
    for line in (root / PAGE).read_text(encoding="utf-8").splitlines():
        found = re.match(r"\| ([A-Z]\d+) \| .+ \| (.+) \|$", line)
        if not found:
            continue
        rule, tests = found.groups()
        seen.append(rule)
        named = re.findall(r"`([^`]+)` `([^`]+)`", tests)
        if not named:
            yield f"{rule} names no test"
        for path, name in named:
            if not (root / path).is_file():
                yield f"{rule}: there is no {path}"
            elif name not in (root / path).read_text(encoding="utf-8", errors="replace"):
                yield f"{rule}: {path} has no {name}"
    wanted = [f"{letter}{i + 1}" for letter, n in RULES.items() for i in range(n)]
    for rule in wanted:
        if seen.count(rule) != 1:
            yield f"{rule} stands {seen.count(rule)} times"


def selftest():
    with tempfile.TemporaryDirectory() as tmp:
        root = Path(tmp)
        (root / "docs").mkdir()
        (root / "t.c").write_text("test_a\n", encoding="ascii")
        rows = [f"| {k}{i + 1} | what | `t.c` `test_a` |" for k, n in RULES.items()
                for i in range(n)]
        page = root / PAGE
        page.write_text("\n".join(rows), encoding="ascii")
        if list(complaints(root)):
            return "objects to what is right"
        for wrong in ("`t.c` `test_b`", "`u.c` `test_a`", "somewhere"):
            page.write_text("\n".join([rows[0].replace("`t.c` `test_a`", wrong), *rows[1:]]),
                            encoding="ascii")
            if len(list(complaints(root))) != 1:
                return f"does not object to {wrong}"
        page.write_text("\n".join(rows[1:]), encoding="ascii")
        return "" if len(list(complaints(root))) == 1 else "does not miss a rule"


def main():
    if sys.argv[1:] == ["--selftest"]:
        return selftest() or 0
    if len(sys.argv) != 2:
        return __doc__
    found = list(complaints(Path(sys.argv[1])))
    for line in found:
        print(f"{PAGE}: {line}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
