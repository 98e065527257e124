# SPDX-License-Identifier: BSD-3-Clause
"""What the interop tests share: traces, runs of the probe, sums of its JSON, waiting."""

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from pathlib import Path

SUFFIXES = (".pcap", ".pcapng", ".cap")
RUN_TIMEOUT_S = 120
WAIT_S = 10

Sums = namedtuple("Sums", "flows packets bytes rev_packets rev_bytes")
# What an IPFIX output may be told: every profile, one record a flow or one a direction.
Form = namedtuple("Form", "profile biflow version")
FORMS = tuple(Form(profile, biflow, "ipfix") for profile in ("compat", "full", "ntop")
              for biflow in ("yes", "no"))
NETFLOW9 = tuple(Form("compat", biflow, "netflow9") for biflow in ("yes", "no"))


class Failure(Exception):
    """What a collector got wrong, in a line."""


def traces(folder):
    found = sorted(p for p in Path(folder).rglob("*") if p.name.endswith(SUFFIXES) and p.is_file())
    if not found:
        raise Failure(f"no trace below {folder}")
    return found


def need(*programs):
    """Tests are not skipped in silence: what is missing is an error that says what to install."""
    for program, package in programs:
        if not shutil.which(program):
            sys.exit(f"{program} is not installed: apt install {package}")


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, condition, timeout_s=WAIT_S):
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {timeout_s} s")
        time.sleep(0.02)


def udp_port_is_bound(port):
    table = Path("/proc/net/udp").read_text(encoding="ascii")
    return re.search(rf"^ *\d+: [0-9A-F]+:{port:04X} ", table, re.M) is not None


def udp_port_is_read(port):
    """Nothing waits in the receive queue of the socket bound to it."""
    table = Path("/proc/net/udp").read_text(encoding="ascii")
    found = re.search(rf"^ *\d+: [0-9A-F]+:{port:04X} \S+ \S+ \S+:([0-9A-F]+) ", table, re.M)
    return found is not None and int(found.group(1), 16) == 0


def ipfix_section(target, form, **more):
    """The section of an IPFIX output, for run_probe()."""
    return {"type": "ipfix", "target": target, **form._asdict(), **more}


def run_probe(probe, trace, *outputs, options=(), sections=(), names=()):
    """
    The records in JSON, and what else `outputs`, `options` and `sections` of outputs ask for; these
    have `names`.
    """
    with tempfile.TemporaryDirectory(prefix="ftprobe-interop-") as tmp:
        path = Path(tmp) / "flows.json"
        cmd = [probe, "-r", str(trace), "-o", f"json:{path}"]
        for output in outputs:
            cmd += ["-o", output]
        cmd += options
        if sections:
            config = Path(tmp) / "ftprobe.conf"
            lines = []
            for number, section in enumerate(sections):
                lines += [f"[output {names[number] if names else f'collector{number}'}]"]
                lines += [f"{key} = {value}" for key, value in section.items()]
            config.write_text("\n".join(lines) + "\n", encoding="utf-8")
            cmd += ["-c", str(config)]
        done = subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, timeout=RUN_TIMEOUT_S, check=False)
        if done.returncode:
            last = (done.stderr.decode("utf-8", "replace").strip().splitlines() or [""])[-1]
            raise Failure(f"the probe ended with {done.returncode}: {last}")
        return [json.loads(line) for line in path.read_bytes().splitlines()]


def sums_of(flows):
    return Sums(len(flows), *(sum(f[k] for f in flows)
                              for k in ("packets", "bytes", "rev_packets", "rev_bytes")))


def sums_in(form, flows):
    """The sums in a form: uniflows are more records, without reverse counters."""
    s = sums_of(flows)
    if form.biflow == "yes":
        return s
    reverse = sum(f["rev_packets"] > 0 for f in flows)
    return Sums(s.flows + reverse, s.packets + s.rev_packets, s.bytes + s.rev_bytes, 0, 0)


def equal_sums(what, got, want):
    for name in Sums._fields:
        equal(f"{what}'s {name}", getattr(got, name), getattr(want, name))


def equal(what, got, want):
    if got != want:
        raise Failure(f"{what} is {got}, the probe's JSON says {want}")


def main(check, doc):
    """check(probe, trace) for every trace: a line each. For PROBE TRACE_DIR on the command line."""
    if len(sys.argv) != 3:
        sys.exit(doc)
    failed = 0
    try:
        found = traces(sys.argv[2])
    except Failure as err:
        sys.exit(str(err))
    for trace in found:
        try:
            print(f"ok   {trace.name}: {check(sys.argv[1], trace)}", flush=True)
        except (Failure, subprocess.TimeoutExpired) as err:
            print(f"FAIL {trace.name}: {err}", flush=True)
            failed += 1
    print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed else 0
