#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Each header of lib/ and app/ compiles alone, and twice in a row: headers.py ROOT [FLAG...]. CC
names the compiler; the headers of DPDK are known to app/ only, so that lib/ cannot lean on them."""

import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import source

COMPILE = ["-xc", "-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
           "-Wshadow", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wvla"]


def flags_of(package):
    run = subprocess.run(["pkg-config", "--cflags", package], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True, check=False)
    # system headers are not ours to judge
    return ["-isystem" + f[2:] if f.startswith("-I") else f for f in shlex.split(run.stdout)]


def compile_alone(job):
    root, header, flags = job
    name = header.relative_to(root / "lib") if header.is_relative_to(root / "lib") else header.name
    run = subprocess.run(shlex.split(os.environ.get("CC", "cc")) + COMPILE + flags + ["-"],
                         input=f'#include "{name}"\n#include "{name}"\ntypedef int not_empty;\n',
                         stderr=subprocess.PIPE, text=True, check=False)
    return header, run.returncode, run.stderr


def check(root):
    root = Path(root).resolve()
    report = source.Report(root)
    lib_flags = [*sys.argv[2:], f"-I{root}/lib", f"-I{root}/lib/ft", *flags_of("libndpi")]
    app_flags = [*lib_flags, f"-I{root}/app", *flags_of("libdpdk")]
    jobs = [(root, h, app_flags if folder == "app" else lib_flags)
            for folder in ("lib", "app") for h in source.files(root / folder, ".h")]
    with ThreadPoolExecutor(2) as pool:
        for header, status, output in pool.map(compile_alone, jobs):
            if status:
                report.add(header, 1, "does not compile alone:\n" + output.rstrip())
    return report.messages


CLEAN = {
    "lib/core/a.h": "#pragma once\n#include <stdint.h>\nstruct a { uint32_t n; };\n",
    "lib/ft/pfring_ft.h": "#pragma once\n",
    "lib/dpi/d.h": '#pragma once\n#include "core/a.h"\nstruct d { struct a a; };\n',
    "app/b.h": '#pragma once\n#include "pfring_ft.h"\n#include "dpi/d.h"\nint b(struct d *d);\n',
}
BROKEN = [
    ({"lib/core/x.h": "#pragma once\nuint32_t needs_stdint(void);\n"}, "lib/core/x.h:1: does not"),
    ({"lib/core/x.h": "struct defined_twice { int n; };\n"}, "redefinition"),
    ({"lib/core/x.h": "#pragma once\nint no_prototype();\n"}, "strict-prototypes"),
    ({"lib/dpi/x.h": '#pragma once\n#include "b.h"\n'}, "b.h"),
]

if __name__ == "__main__":
    sys.exit(source.main(check, CLEAN, BROKEN))
