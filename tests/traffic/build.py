#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Build the pcap cases that are not captures.

  build.py [CASE...]          write them (default: all) to tests/pcap
  build.py --check [CASE...]  compare them with what is there; exit status 1 when one differs

Deterministic: no clock, no random number. Needs python3-scapy, and zstd for one case.
"""

import argparse
import gzip
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import cases_bad  # noqa: E402
import cases_ip  # noqa: E402
import cases_link  # noqa: E402
import cases_messages  # noqa: E402
import cases_processors  # noqa: E402
import cases_time  # noqa: E402
import cases_tunnel  # noqa: E402

TARGET = Path(__file__).resolve().parent.parent / "pcap"
MODULES = (cases_link, cases_ip, cases_tunnel, cases_time, cases_processors,
           cases_messages, cases_bad)


def compress(suffix, data):
    if suffix.endswith(".gz"):
        return gzip.compress(data, mtime=0)
    if suffix.endswith(".zst"):
        return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE,
                              check=True).stdout
    return data


def decompress(suffix, data):
    if suffix.endswith(".gz"):
        return gzip.decompress(data)
    if suffix.endswith(".zst"):
        return subprocess.run(["zstd", "-q", "-d", "-c"], input=data, stdout=subprocess.PIPE,
                              check=True).stdout
    return data


def files_of(case, module):
    """{name: content}, the trace as it is before compression."""
    return {
        "README.md": case.readme(module).encode(),
        "options": (case.options + "\n").encode() if case.options else b"",
        "expect.json": case.expectation().encode(),
        "input." + case.file["suffix"]: case.trace(),
    }


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("input.*"):
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(compress(name, content))


def differing(folder, files):
    """Names of files that are not as built; compressed ones are compared by what is in them, for
    another version of a compressor may write other bytes."""
    names = [n for n, content in files.items()
             if not (folder / n).is_file()
             or decompress(n, (folder / n).read_bytes()) != content]
    return names + [p.name for p in folder.glob("*") if p.name not in files]


def main():
    parser = argparse.ArgumentParser(description="Build the pcap cases that are not captures.")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    args = parser.parse_args()
    built = {c.name: (c, m.__name__) for m in MODULES for c in m.cases()}
    unknown = [n for n in args.cases if n not in built]
    if unknown:
        parser.error(f"no such case: {' '.join(unknown)}")
    bad = 0
    for name in args.cases or built:
        files = files_of(*built[name])
        if not args.check:
            write(TARGET / name, files)
            continue
        names = differing(TARGET / name, files)
        if names:
            print(f"differs: {name}: {' '.join(names)}")
            bad += 1
    n = len(args.cases or built)
    print(f"{n} cases, {bad} differ" if args.check else f"{n} cases written to {TARGET}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
