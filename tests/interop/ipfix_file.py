#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""IPFIX files of each trace: ipfixDump and python3-ipfix read in them what the probe's JSON says.

  ipfix_file.py PROBE TRACE_DIR

The same with files that are rotated: each can be read alone, and together they hold it all.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import ipfix.ie
import ipfix.reader

sys.dont_write_bytecode = True
import interop  # noqa: E402  (nothing is written beside it)

ipfix.ie.use_iana_default()
ipfix.ie.use_5103_default()

COUNTERS = ("packetDeltaCount", "octetDeltaCount", "reversePacketDeltaCount",
            "reverseOctetDeltaCount")
WRONG = ("illegal", "missing external", "out of sequence", "error", "warning")


def dump(path):
    """ipfixDump finds nothing wrong."""
    done = subprocess.run(["ipfixDump", "-i", str(path)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        raise interop.Failure(f"ipfixDump ends with {done.returncode}: {text[-200:]}")
    for line in text.lower().splitlines():
        if any(word in line for word in WRONG):
            raise interop.Failure(f"ipfixDump says {line.strip()}")


def sums(path):
    """What python3-ipfix finds in a file; records without counters are options."""
    flows, total = 0, [0] * len(COUNTERS)
    with open(path, "rb") as stream:
        for record in ipfix.reader.from_stream(stream).namedict_iterator():
            if COUNTERS[0] not in record:
                continue
            flows += 1
            total = [a + record.get(name, 0) for a, name in zip(total, COUNTERS)]
    packets, octets, rev_packets, rev_octets = total
    return interop.Sums(flows, packets, octets, rev_packets, rev_octets)


def equal_sums(paths, flows):
    """The files together hold the flows of the probe's JSON."""
    want = interop.sums_of(flows)
    total = [0] * len(want)
    for path in paths:
        dump(path)
        total = [a + b for a, b in zip(total, sums(path))]
    for name, got in zip(interop.Sums._fields, total):
        interop.equal(f"{name} in {len(paths)} file(s)", got, getattr(want, name))
    return f"{want.flows} flows, {want.packets + want.rev_packets} packets"


def check(probe, trace):
    with tempfile.TemporaryDirectory(prefix="ftprobe-ipfix-") as folder:
        path = Path(folder) / "flows.ipfix"
        flows = interop.run_probe(probe, trace, f"ipfix:{path}")
        said = equal_sums([path], flows)
        path.unlink()
        config = Path(folder) / "ftprobe.conf"
        config.write_text("[output many]\ntype = ipfix\nrotate_size = 64k\n"
                          f"target = {path}\n", encoding="utf-8")
        flows = interop.run_probe(probe, trace, "null", options=["-c", str(config)])
        files = sorted(Path(folder).glob("flows.ipfix*"))
        equal_sums(files, flows)
        if any(f.stat().st_size > 65536 for f in files):
            raise interop.Failure("a file is larger than rotate_size")
        return f"{said}, in {len(files)} file(s)"


if __name__ == "__main__":
    interop.need(("ipfixDump", "libfixbuf-tools"))
    sys.exit(interop.main(check, __doc__))
