#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""pfring_ft(3) says something of every function: man_page.py ROOT. Each has its prototype in the
synopsis and is named behind it, and the page names no function that is not there.

  man_page.py --example PAGE   prints the program of the page
"""

import re
import sys
from pathlib import Path

import source

PAGE = "docs/pfring_ft.3"
HEADERS = ("lib/ft/pfring_ft.h", "lib/ft/pfring_ft_ext.h")
FUNCTION = re.compile(r"\b(pfring_ft_\w+)\s*\([^;{}()]*\)\s*;")
TYPE = re.compile(r"\b(pfring_ft_\w+)\b")
ESCAPES = {r"\-": "-", r"\e": "\\", r"\&": "", r"\(aq": "'", r"\(dq": '"', r"\(bu": "*"}


def plain(text):
    """The text of a page without its escapes."""
    return re.sub(r"\\(?:\(..|.)", lambda m: ESCAPES.get(m.group(0), ""), text)


def example(page):
    """The program between .EX and .EE."""
    found = re.search(r"^\.EX\n(.*?)^\.EE$", page, re.M | re.S)
    return plain(found.group(1)) if found else ""


def words(text):
    return set(re.findall(r"\bpfring_ft_\w+", plain(text)))


def check(root):
    report = source.Report(root)
    page = source.text(Path(root) / PAGE)
    code = "".join(source.blank(source.text(Path(root) / header)) for header in HEADERS)
    functions = set(FUNCTION.findall(code))
    # the program of the page is no description
    described = re.sub(r"^\.EX\n.*?^\.EE$", "", page, flags=re.M | re.S)
    synopsis, _, rest = described.partition(".SH DESCRIPTION")
    for what, missing in (("in the synopsis", functions - words(synopsis)),
                          ("behind the synopsis", functions - words(rest))):
        for name in sorted(missing):
            report.add(Path(root) / PAGE, 1, f"{name}() is not named {what}")
    for name in sorted(words(page) - set(TYPE.findall(code)) - {"pfring_ft_ext"}):
        report.add(Path(root) / PAGE, 1, f"{name} is nothing that the headers have")
    if not functions:
        report.add(Path(root) / HEADERS[0], 1, "declares no function")
    if "main(" not in example(page):
        report.add(Path(root) / PAGE, 1, "has no program as an example")
    return report.messages


PAGE_OF_ONE = (".SH SYNOPSIS\n.BI \"int pfring_ft_a(void *\" t );\n.SH DESCRIPTION\n"
               ".BR pfring_ft_a ()\ndoes it, see\n.IR pfring_ft_ext.h .\n.SH EXAMPLE\n"
               ".EX\nint main(void)\n{\n\treturn pfring_ft_a(0);\n}\n.EE\n")
CLEAN = {
    PAGE: PAGE_OF_ONE,
    HEADERS[0]: "typedef void (*pfring_ft_func)(void *user);\n"
                "/* pfring_ft_gone() */\nint pfring_ft_a(void *t);\n",
    HEADERS[1]: "",
}
BROKEN = [
    ({HEADERS[1]: "void pfring_ft_b(void *t);\n"}, "pfring_ft_b() is not named in the synopsis"),
    ({HEADERS[1]: "void pfring_ft_b(void *t,\n\tint n);\n"}, "not named behind the synopsis"),
    ({PAGE: PAGE_OF_ONE.replace(".BR pfring_ft_a ()", "")}, "not named behind the synopsis"),
    ({PAGE: PAGE_OF_ONE + ".BR pfring_ft_gone ()\n"}, "pfring_ft_gone is nothing"),
    ({PAGE: PAGE_OF_ONE.replace(".EX", ".nf")}, "no program as an example"),
    ({HEADERS[0]: ""}, "declares no function"),
]

if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--example":
        print(example(source.text(sys.argv[2])), end="")
        sys.exit(0)
    sys.exit(source.main(check, CLEAN, BROKEN))
