#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The closing lines of scripts/test, from the logs that `meson test` wrote.

  test_summary.py [--log BUILD testlog.json]... [--failed STEP]...

Names every test that failed or could not run, then prints `N passed, N failed` (and `, N skipped`).
Exit status: 0 when something ran and nothing failed.
"""

import argparse
import json
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP", "IGNORED"}


def read_log(path):
    """The results of one run, one object a line; none when the run did not get as far as a log."""
    try:
        with open(path, encoding="utf-8") as f:
            return [json.loads(line) for line in f if line.strip()]
    except FileNotFoundError:
        return []


def reason(test):
    """Why a test skipped itself: the last line that it printed."""
    text = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it gave no reason"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", nargs=2, action="append", default=[], metavar=("BUILD", "FILE"))
    parser.add_argument("--failed", action="append", default=[], metavar="STEP")
    args = parser.parse_args()
    passed, skipped, failed = 0, [], list(args.failed)
    for build, path in args.log:
        tests = read_log(path)
        if not tests:
            failed.append(f"{build}: no test ran")
        for test in tests:
            name = f"{build}: {test['name']}"
            if test["result"] in PASSED:
                passed += 1
            elif test["result"] in SKIPPED:
                skipped.append(f"{name}: {reason(test)}")
            else:
                failed.append(f"{name} ({test['result'].lower()})")
    print()
    for name in skipped:
        print(f"could not run: {name}")
    for name in failed:
        print(f"failed: {name}")
    tail = f", {len(skipped)} skipped" if skipped else ""
    print(f"{passed} passed, {len(failed)} failed{tail}")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
