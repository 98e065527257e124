#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Proves the include graph: layers.py ROOT. An #include goes only where ALLOWED says and is rooted
at lib/, a file's own header comes first, and DPDK stays in app/."""

import re
import sys
from pathlib import Path

import source

# What a folder of lib/ may include, beside itself. app/ is the top and stays out of the middle.
ALLOWED = {
    "core": set(),
    "record": {"core"},
    "packet": {"core"},
    "flowtable": {"packet", "record", "core"},
    "dpi": {"packet", "record", "core"},
    "export": {"record", "core"},
    "ft": {"flowtable", "dpi", "export", "packet", "record", "core"},
    "app": {"ft", "export", "record", "core"},
}
# The installed headers are included by their bare names, as programs that use the library do.
PUBLIC = re.compile(r"pfring_ft\w*\.h$")
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)[>\"]", re.M)


def area_of(path):
    """The layer of a file: lib/x -> x, app -> app, tests/unit/x -> x, other tests -> None."""
    parts = path.parts
    if parts[0] == "lib" and len(parts) > 2:
        return parts[1]
    if parts[0] == "app":
        return "app"
    if parts[:2] == ("tests", "unit") and len(parts) > 3:
        return parts[2]
    return None


def may_use_dpdk(path):
    # an example is a program of somebody else's
    return path.parts[0] == "app" or path.parts[:3] == ("tests", "unit", "app") or \
        path.parts[:2] in (("tests", "bench"), ("docs", "examples"))


def resolve(root, path, name):
    """The file that a quoted include names, relative to root; None when it is not rooted."""
    candidates = [Path("lib") / name]
    if PUBLIC.match(name):
        candidates.append(Path("lib/ft") / name)
    elif "/" not in name and path.parts[0] != "lib":
        candidates += [path.parent / name, Path("app") / name]
    elif path.parts[0] == "tests":
        candidates += [Path("tests") / name, Path(name)]
    for candidate in candidates:
        if ".." not in candidate.parts and (root / candidate).exists():
            return candidate
    return None


def includes(root, path):
    """(line, kind, name) of each include; kind is " or <."""
    code = source.blank(source.text(root / path), literals=False)
    return [(code.count("\n", 0, m.start()) + 1, m.group(1), m.group(2))
            for m in INCLUDE.finditer(code)]


def check_target(root, path, line, name, report):
    target = resolve(root, path, name)
    if target is None:
        report.add(root / path, line, f'"{name}" is not a header rooted at lib/')
        return
    area, target_area = area_of(path), area_of(target)
    if area is None or target_area in (None, area):
        return
    if path.parts[0] == "lib" and target.parts[0] != "lib":
        report.add(root / path, line, f'lib/ may not include "{name}" of {target.parts[0]}/')
    elif path.parts[0] == "tests" and area in ("ft", "app"):
        return  # tests of the upper layers may look at what lies below
    elif target_area not in ALLOWED.get(area, set()):
        report.add(root / path, line, f"{area} may not include {target_area} (\"{name}\")")


def check_own_first(root, path, found, report):
    own = {"lib": "/".join(path.with_suffix(".h").parts[1:]), "app": path.stem + ".h"}.get(
        path.parts[0])
    if path.suffix == ".c" and own and (root / path).with_suffix(".h").exists() and found:
        line, _, first = found[0]
        if first != own and not (PUBLIC.match(first) and first == path.stem + ".h"):
            report.add(root / path, line, f'the first include must be its own header "{own}"')


def check(root):
    root = Path(root)
    report = source.Report(root)
    for absolute in source.files(root, ".c", ".h"):
        path = absolute.relative_to(root)
        if path.parts[0] == "lib" and area_of(path) not in ALLOWED:
            report.add(absolute, 1, "this folder has no place in the layers")
        found = includes(root, path)
        for line, kind, name in found:
            if name.startswith("rte_") and not may_use_dpdk(path):
                report.add(absolute, line, f"{name}: DPDK stops at app/")
            elif kind == '"' and not name.startswith("rte_"):
                check_target(root, path, line, name, report)
        check_own_first(root, path, found, report)
    return report.messages


CLEAN = {
    "lib/core/bytes.h": "#include <stdint.h>\n",
    "lib/core/rows.def": "",
    "lib/packet/parse.h": '#include "core/bytes.h"\n',
    "lib/packet/parse.c": '#include "packet/parse.h"\n\n#include <string.h>\n',
    "lib/flowtable/table.h": '#include "packet/parse.h"\n',
    "lib/dpi/dpi.h": "",
    "lib/export/output.h": "",
    "lib/ft/pfring_ft.h": "#include <stdint.h>\n",
    "lib/ft/pipeline.c": '#include "pfring_ft.h"\n#include "dpi/dpi.h"\n'
                         '#include "flowtable/table.h"\n',
    "app/lane.h": '#include "pfring_ft.h"\n',
    "app/lane.c": '#include "lane.h"\n#include "core/bytes.h"\n\n#include <rte_mbuf.h>\n'
                  '#include <stdio.h>\nenum x {\n#include "core/rows.def"\n};\n',
    "tests/unit/ft/pipeline_test.c": '#include "flowtable/table.h"\n#include <cmocka.h>\n'
                                     '#include "app.h"\n',
    "tests/unit/ft/app.h": "",
    "docs/examples/loop.c": "#include <pfring_ft.h>\n#include <rte_mbuf.h>\n",
    "tests/unit/app/lane_test.c": '#include <rte_mbuf.h>\n#include "lane.h"\n',
}
BROKEN = [
    ({"lib/core/bytes.c": '#include "packet/parse.h"\n'}, "core may not include packet"),
    ({"lib/dpi/x.c": '#include "flowtable/table.h"\n'}, "dpi may not include flowtable"),
    ({"lib/export/x.c": '#include "packet/parse.h"\n'}, "export may not include packet"),
    ({"lib/flowtable/x.h": '# include "export/output.h"\n'}, "flowtable may not include export"),
    ({"lib/core/x.c": '#include "app/lane.h"\n'}, "not a header rooted at lib/"),
    ({"app/x.c": '#include "flowtable/table.h"\n'}, "app may not include flowtable"),
    ({"app/x.c": '#include "dpi/dpi.h"\n'}, "app may not include dpi"),
    ({"lib/packet/x.c": "#include <rte_ether.h>\n"}, "DPDK stops at app/"),
    ({"tests/unit/packet/x_test.c": "#include <rte_ether.h>\n"}, "DPDK stops at app/"),
    ({"tests/unit/core/x_test.c": '#include "packet/parse.h"\n'}, "core may not include packet"),
    ({"lib/packet/x.c": '#include "parse.h"\n'}, "not a header rooted at lib/"),
    ({"lib/packet/x.c": '#include "../core/bytes.h"\n'}, "not a header rooted at lib/"),
    ({"lib/packet/x.c": '#include "packet/gone.h"\n'}, "not a header rooted at lib/"),
    ({"lib/packet/parse.c": '#include <string.h>\n#include "packet/parse.h"\n'}, "its own header"),
    ({"app/lane.c": '#include "core/bytes.h"\n#include "lane.h"\n'}, "its own header"),
    ({"lib/util/x.h": ""}, "no place in the layers"),
]

if __name__ == "__main__":
    sys.exit(source.main(check, CLEAN, BROKEN))
