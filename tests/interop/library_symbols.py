#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What libpfring_ft shows is what its headers declare, no more and no less.

  library_symbols.py LIBRARY.so LIBRARY.a HEADER...

Also: the .so has its versioned name and needs neither DPDK nor what only the probe needs; the .a is
one object.
"""

import re
import subprocess
import sys
from pathlib import Path

BASE_FUNCTIONS = 43  # of pfring_ft.h at API 95
SONAME = "libpfring_ft.so.0"
NOT_NEEDED = re.compile(r"librte_|libpcap|libzstd")


def declared(header):
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", Path(header).read_text(encoding="utf-8"), flags=re.S)
    return set(re.findall(r"\b(pfring_ft_\w+)\s*\([^;{}()]*\)\s*;", text))


def output_of(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def symbols(*arguments):
    """The last word of each line that is a symbol: address, kind, name."""
    found = (line.split() for line in output_of("nm", "--defined-only", *arguments).splitlines())
    return [words[2] for words in found if len(words) == 3]


def compare(what, shown, wanted):
    wrong = [f"{what} does not define {name}" for name in sorted(wanted - set(shown))]
    wrong += [f"{what} shows {name}" for name in sorted(set(shown) - wanted)]
    return wrong


def check_dynamic(library):
    text = output_of("readelf", "-dW", library)
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", text)
    wrong = [f"{library} needs {name}" for name in needed if NOT_NEEDED.match(name)]
    if re.findall(r"\(SONAME\).*\[(.*)\]", text) != [SONAME]:
        wrong.append(f"{library} is not called {SONAME}")
    if not needed:
        wrong.append(f"{library} needs nothing: this cannot be")
    return wrong


def main(argv):
    if len(argv) < 4:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    shared, archive, headers = argv[1], argv[2], argv[3:]
    functions = {header: declared(header) for header in headers}
    wanted = set().union(*functions.values())
    wrong = compare(shared, symbols("-D", shared), wanted)
    wrong += compare(archive, symbols("-g", archive), wanted)
    wrong += check_dynamic(shared)
    if output_of("ar", "t", archive).split() != ["pfring_ft.o"]:
        wrong.append(f"{archive} is more than one object")
    for header, names in functions.items():
        if Path(header).name == "pfring_ft.h" and len(names) != BASE_FUNCTIONS:
            wrong.append(f"{header} declares {len(names)} functions, not {BASE_FUNCTIONS}")
    for line in wrong:
        print(line)
    print(f"{len(wanted)} functions declared, {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
