#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Scripts, data and pages that parse: syntax.py ROOT. Python and JSON by Python itself, shell by
bash -n and shellcheck; what has a #! line can be executed, Python means Debian's, and links between
pages lead somewhere."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import source

# Not asked: empty assignments (1007) and functions whose arguments are optional (2120).
SHELLCHECK = ["shellcheck", "-x", "-S", "warning", "-e", "SC1007,SC2120", "-f", "gcc"]
LINK = re.compile(r"\]\((?!\w+:|#)([^)\s#]+)")
NOT_CHECKED = 77  # meson: this test skips itself


def check_json(path, report):
    try:
        json.loads(source.text(path))
    except json.JSONDecodeError as e:
        report.add(path, e.lineno, f"JSON: {e.msg}")


def check_python(path, report):
    try:
        compile(source.text(path), str(path), "exec", dont_inherit=True)
    except SyntaxError as e:
        report.add(path, e.lineno or 1, f"Python: {e.msg}")
    first = source.shebang(path)
    if first and first != "#!/usr/bin/python3":
        report.add(path, 1, f"{first}: Debian's Python is #!/usr/bin/python3")


def check_shell(path, report):
    run = subprocess.run(["bash", "-n", str(path)], stderr=subprocess.PIPE, text=True, check=False)
    for line in run.stderr.splitlines():
        match = re.search(r"line (\d+): (.*)", line)
        report.add(path, match.group(1) if match else 1, match.group(2) if match else line)


def check_links(path, report):
    for n, line in enumerate(source.text(path).splitlines(), 1):
        for match in LINK.finditer(line):
            if not (path.parent / match.group(1)).exists():
                report.add(path, n, f"the link to {match.group(1)} leads nowhere")


def run_shellcheck(root, paths, report):
    """One run for all: they source each other by paths from the root."""
    if not paths:
        return
    run = subprocess.run(SHELLCHECK + ["-P", str(root)] + [str(p) for p in paths], cwd=root,
                         stdout=subprocess.PIPE, text=True, check=False)
    for line in run.stdout.splitlines():
        path, line_number, _, message = line.split(":", 3)
        report.add(path, line_number, message.strip())


def check(root):
    root = Path(root).resolve()
    report = source.Report(root)
    for path in source.files(root):
        if source.shebang(path) and not os.access(path, os.X_OK):
            report.add(path, 1, "has a #! line but is not executable")
        if path.suffix == ".json":
            check_json(path, report)
        elif path.suffix == ".md":
            check_links(path, report)
    for path in source.python_scripts(root):
        check_python(path, report)
    shell = source.shell_scripts(root)
    for path in shell:
        check_shell(path, report)
    run_shellcheck(root, shell, report)
    return report.messages


CLEAN = {
    "a.md": "[b](b.json) [c](scripts/c#part) [d](#here) [e](https://example.org/x)\n",
    "a.py": "#!/usr/bin/python3\nprint('x')\n",
    "b.json": '{"a": [1, 2.5, null]}\n',
    "scripts/common.sh": "# shellcheck shell=bash\ntop=$PWD\necho \"$top\"\n",
    "scripts/c": '#!/bin/bash\n# shellcheck source=scripts/common.sh\n. common.sh\necho "$top"\n',
}
BROKEN = [
    ({"docs/x.md": "[b](b.json)\n"}, "docs/x.md:1: the link to b.json"),
    ({"x.py": "def f(:\n"}, "x.py:1: Python"),
    ({"x": "#!/usr/bin/env python3\nx = (\n"}, "Python"),
    ({"x.py": "#!/usr/bin/env python3\n"}, "Debian's Python"),
    ({"x.json": '{"a": 1,}\n'}, "x.json:1: JSON"),
    ({"x.sh": "#!/bin/bash\nif true; then\n"}, "x.sh"),
    ({"scripts/x": "#!/bin/sh\ncase x in\n"}, "scripts/x"),
    ({"x.sh": '#!/bin/bash\ncd "$1"\nlocal a=1\n'}, "[SC"),
    ({"scripts/x": "#!/bin/bash\nfor a in $(ls *.txt); do b=$a; done\n"}, "[SC"),
]

if __name__ == "__main__":
    if not shutil.which("shellcheck"):
        print("shellcheck is missing: apt-get install shellcheck")
        sys.exit(NOT_CHECKED)
    sys.exit(source.main(check, CLEAN, BROKEN))
