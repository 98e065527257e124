#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The rules of the code that can be counted: style.py ROOT. CONTRIBUTING.md says them in words."""

import re
import sys
from pathlib import Path

import source
from nesting import deepest

FUNCTION_LINES = 70
PARAMETERS = 5
NESTING = 3
FILE_LINES = 500
COLUMNS = 100
TAB = 8

C_SUFFIXES = (".c", ".h", ".def")
PUBLIC_API = "lib/ft/pfring_ft.h"  # its signatures are given; they may have more parameters
SPDX = "SPDX-License-Identifier: BSD-3-Clause"
# written so that this file is not its own finding
MARKS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
PRIVATE_PATHS = re.compile(r"(?<![\w.$}~-])/(?:home|Users|work|workspace|checkouts?|builds?)/\w")
FORBIDDEN_C = [
    (re.compile(r"\b(?:__)?constructor(?:__)?\b\s*[,()]|\bRTE_INIT(?:_PRIO)?\s*\("),
     "no constructors: what runs at start is called from main()"),
    (re.compile(r"\balloca\s*\("), "no alloca: the compiler knows every size on the stack"),
    (re.compile(r"\b(?:strcpy|strcat|sprintf|vsprintf|gets)\s*\("), "unbounded string function"),
]
# The installed headers may have the guard of old, for old compilers.
GUARD = {False: re.compile(r"^#pragma once$", re.M),
         True: re.compile(r"^#pragma once$|\A\s*#ifndef (\w+)\n#define \1$", re.M)}
EXTERN = re.compile(r"\bextern\b(?!\s*\")([^;{]*)")
# Licence and history, not sources: nothing to count in them.
TEXT_SUFFIXES = (".md", ".json", ".conf", ".service", ".1", ".3", ".5", ".8", ".yml", ".yaml",
                 ".build")


def is_source(path):
    return path.suffix in C_SUFFIXES + (".py", ".sh") or path.name in (
        "meson.build", "meson_options.txt") or bool(source.shebang(path))


def check_lines(path, text, report):
    lines = text.splitlines()
    if path.suffix != ".def" and len(lines) > FILE_LINES:
        report.add(path, FILE_LINES + 1, f"{len(lines)} lines; a file has at most {FILE_LINES}")
    if SPDX not in "\n".join(lines[:2]):
        report.add(path, 1, f"no line «{SPDX}»")
    for n, line in enumerate(lines, 1):
        if line != line.rstrip():
            report.add(path, n, "blanks at the end of the line")
        # rows of the tables hold a sentence each, and meson files lists; they are not cut
        columns = len(line.expandtabs(TAB))
        if columns > COLUMNS and path.suffix != ".def" and not path.name.startswith("meson"):
            report.add(path, n, f"{columns} columns; a line has at most {COLUMNS}")
    if text and not text.endswith("\n"):
        report.add(path, len(lines), "no newline at the end of the file")


def check_words(path, text, report):
    for n, line in enumerate(text.splitlines(), 1):
        if MARKS.search(line):
            report.add(path, n, "a mark of unfinished work; finish it or open an issue")
        if PRIVATE_PATHS.search(line):
            report.add(path, n, "a path of somebody's own machine")


def is_variable(declaration):
    """Whether what follows `extern` up to its semicolon declares a variable, not a function."""
    head = declaration.split("(", 1)
    return len(head) == 1 or head[1].lstrip().startswith("*") or "=" in head[0]


def check_c_text(path, code, report):
    def line_of(match):
        return code.count("\n", 0, match.start()) + 1
    for pattern, message in FORBIDDEN_C:
        for match in pattern.finditer(code):
            report.add(path, line_of(match), message)
    for match in EXTERN.finditer(code):
        if is_variable(match.group(1)):
            report.add(path, line_of(match), "no extern variables: pass a pointer")
    if path.suffix == ".h" and not GUARD[path.name.startswith("pfring_ft")].search(code):
        report.add(path, 1, "no #pragma once")


def check_functions(path, exempt, report):
    for f in source.functions(path):
        if f.n_lines > FUNCTION_LINES:
            report.add(path, f.line,
                       f"{f.name}: {f.n_lines} lines; a function has at most {FUNCTION_LINES}")
        if f.n_parameters > PARAMETERS and f.name not in exempt:
            report.add(path, f.line,
                       f"{f.name}: {f.n_parameters} parameters; at most {PARAMETERS}")
        depth, line = deepest(f.body)
        if depth > NESTING:
            report.add(path, f.body_line + line,
                       f"{f.name}: nested {depth} levels deep; at most {NESTING}")


def public_names(root):
    header = Path(root) / PUBLIC_API
    if not header.exists():
        return set()
    return set(re.findall(r"\b(pfring_ft_\w+)\s*\(", source.blank(source.text(header))))


def check(root):
    report = source.Report(root)
    exempt = public_names(root)
    for path in source.files(root):
        if not is_source(path) and path.suffix not in TEXT_SUFFIXES:
            continue
        text = source.text(path)
        check_words(path, text, report)
        if is_source(path):
            check_lines(path, text, report)
        if path.suffix in C_SUFFIXES:
            check_c_text(path, source.blank(text), report)
        if path.suffix in (".c", ".h"):
            check_functions(path, exempt, report)
    build = Path(root) / "meson.build"
    if "'-Wvla'" not in source.text(build):
        report.add(build, 1, "-Wvla is gone: it is what refuses variable length arrays")
    return report.messages


def _c(body):
    return "/* " + SPDX + " */\n" + body


def _function(n_lines):
    return _c("static int f(void)\n{\n" + "\tx();\n" * (n_lines - 3) + "}\n")


CLEAN = {
    "meson.build": "# " + SPDX + "\nargs = ['-Wvla']\n",
    "README.md": "Runs in /usr/bin, /tmp/x and https://example.org/work/x; see lib/work/x.\n",
    "lib/ft/pfring_ft.h": _c("#ifndef A\n#define A\n"
                             "int pfring_ft_x(int, int, int, int, int, int);\n#endif\n"),
    "lib/ft/x.c": _c("int pfring_ft_x(int a, int b, int c, int d, int e, int f)\n{\n\tx();\n}\n"),
    "lib/a.c": _function(FUNCTION_LINES),
    "lib/b.h": _c('#pragma once\n#ifdef __cplusplus\nextern "C" {\n#endif\nextern int f(int *a);\n'
                  "#ifdef __cplusplus\n}\n#endif\n"),
    "lib/c.c": _c("static const int a[] = {1, 2};\n"
                  "int f(int (*g)(int, int, int), int b, int c, int d, int e)\n{\n"
                  "\tfor (;;) {\n\t\tif (b) {\n\t\t\tstruct s s = {{0}};\n"
                  "\t\t\twhile (c)\n\t\t\t\tg(b, c, 1);\n"
                  "\t\t} else if (c) {\n\t\t\tx((struct s){{1}});\n\t\t}\n\t}\n}\n"),
    "lib/rows.def": _c("ROW(" + "x" * 120 + ")\n"),
    "scripts/run": "#!/bin/bash\n# " + SPDX + "\nmktemp x.XXXXXX\n",
}
BROKEN = [
    ({"lib/x.c": _function(FUNCTION_LINES + 1)}, "lib/x.c:2: f: 71 lines"),
    ({"lib/x.c": _c('extern "C" {\n#if A\nint f(int a)\n{\n#else\nint f(void)\n{\n#endif\n'
                    + "\tx();\n" * 70 + "}\n}\n")}, "a function has at most"),
    ({"lib/x.c": _c("int f(int a, int b, int c, int d, int e, int f)\n{\n}\n")}, "6 parameters"),
    ({"lib/x.h": _c("#pragma once\nstatic inline int\n"
                    "f(int a, int b, int (*c)(void), int d, int e, int g)\n{\n}\n")},
     "lib/x.h:3: f: 6 parameters"),
    ({"lib/x.c": _c("int f(void)\n{\n\tif (a) {\n\t\tfor (;;) {\n\t\t\tif (b) {\n"
                    "\t\t\t\twhile (c) {\n\t\t\t\t}\n\t\t\t}\n\t\t}\n\t}\n}\n")},
     "lib/x.c:7: f: nested 4"),
    ({"lib/x.c": _c("int f(void)\n{\n\tif (a)\n\t\tfor (;;)\n\t\t\tif (b)\n\t\t\t\twhile (c)\n"
                    "\t\t\t\t\td();\n}\n")}, "nested 4"),
    ({"lib/x.c": _c("int f(void)\n{\n\tswitch (a) {\n\tcase 1: {\n\t\tdo {\n\t\t\tif (b) {\n"
                    "\t\t\t\tLIST_FOREACH(c, d) {\n\t\t\t\t}\n\t\t\t}\n\t\t} while (1);\n\t}\n"
                    "\t}\n}\n")},
     "nested 4"),
    ({"lib/x.c": _c("\n" * FILE_LINES)}, "501 lines"),
    ({"scripts/x.sh": "# " + SPDX + "\n" + ":\n" * FILE_LINES}, "501 lines"),
    ({"lib/x.h": _c("#pragma once\nextern int x;\n")}, "no extern variables"),
    ({"lib/x.h": _c("#pragma once\nextern int (*x)(void);\n")}, "no extern variables"),
    ({"lib/x.c": _c("static __attribute__((constructor)) void f(void)\n{\n}\n")}, "no constr"),
    ({"lib/x.c": _c("RTE_INIT(f)\n{\n}\n")}, "no constructors"),
    ({"lib/x.c": _c("int f(int n)\n{\n\tchar *p = alloca(n);\n}\n")}, "no alloca"),
    ({"lib/x.c": _c("int f(char *a)\n{\n\tstrcpy(a, a);\n}\n")}, "unbounded"),
    ({"lib/x.h": _c("int f(void);\n")}, "no #pragma once"),
    ({"lib/x.h": _c("#ifndef A\n#define A\n#endif\n")}, "no #pragma once"),
    ({"lib/ft/pfring_ft.h": _c("int f(void);\n")}, "no #pragma once"),
    ({"lib/x.c": "int f(void);\n"}, "no line «SPDX"),
    ({"scripts/x": "#!/bin/bash\n:\n"}, "no line «SPDX"),
    ({"lib/x.c": _c("/* " + "x" * 95 + " */\n")}, "101 columns"),
    ({"lib/x.c": _c("\t" * 12 + "int x;\n")}, "102 columns"),
    ({"lib/x.c": _c("int x; \n")}, "blanks at the end"),
    ({"lib/x.c": _c("int x;")}, "no newline"),
    ({"lib/x.c": _c("/* TO" "DO: more */\n")}, "unfinished"),
    ({"docs/x.md": "See FIX" "ME.\n"}, "unfinished"),
    ({"docs/x.md": "Lies in /ho" "me/me/x.\n"}, "somebody's own machine"),
    ({"meson.build": "# " + SPDX + "\n"}, "-Wvla is gone"),
]

if __name__ == "__main__":
    sys.exit(source.main(check, CLEAN, BROKEN))
