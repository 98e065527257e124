#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""IPFIX files of each trace: ipfixDump and python3-ipfix read in them what the probe's JSON says.

  ipfix_file.py PROBE TRACE_DIR

In every profile, with one record a flow and one a direction; every application that a flow has was
named before by an options record (A3). The same with files that are rotated: each can be read
alone, and together they hold it all. And a probe that is killed leaves a file that can be read up
to its last message.
"""

import re
import struct
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

# The reverse ones are called otherwise in profile ntop.
COUNTERS = (("packetDeltaCount",), ("octetDeltaCount",),
            ("reversePacketDeltaCount", "postPacketDeltaCount"),
            ("reverseOctetDeltaCount", "postOctetDeltaCount"))
WRONG = ("illegal", "missing external", "out of sequence", "error", "warning")


def dump(path):
    """ipfixDump finds nothing wrong. Values may hold any word, so they are not looked at."""
    done = subprocess.run(["ipfixDump", "-i", str(path)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        raise interop.Failure(f"ipfixDump ends with {done.returncode}: {text[-200:]}")
    for line in text.lower().splitlines():
        if any(word in line for word in WRONG) and not re.match(r"\t(\(|ent:)| *\(", line):
            raise interop.Failure(f"ipfixDump says {line.strip()}")


def sums(path):
    """What python3-ipfix finds in a file; records without counters are options."""
    flows, total, named = 0, [0] * len(COUNTERS), set()
    with open(path, "rb") as stream:
        for record in ipfix.reader.from_stream(stream).namedict_iterator():
            if "applicationName" in record:
                named.add(bytes(record["applicationId"]))
            if COUNTERS[0][0] not in record:
                continue
            flows += 1
            total = [a + sum(record.get(name, 0) for name in names)
                     for a, names in zip(total, COUNTERS)]
            if bytes(record["applicationId"]) not in named:
                raise interop.Failure(f"application {record['applicationId']} has no name")
    packets, octets, rev_packets, rev_octets = total
    return interop.Sums(flows, packets, octets, rev_packets, rev_octets)


def equal_sums(paths, want):
    """The files together hold so much."""
    total = [0] * len(want)
    for path in paths:
        dump(path)
        total = [a + b for a, b in zip(total, sums(path))]
    interop.equal_sums(f"in {len(paths)} file(s) the collector", interop.Sums(*total), want)
    return f"{want.flows} flows, {want.packets + want.rev_packets} packets"


def check(probe, trace):
    """One run with an output for each form, and one more that is rotated."""
    with tempfile.TemporaryDirectory(prefix="ftprobe-ipfix-") as tmp:
        folder = Path(tmp)
        rotated = folder / "rotated.ipfix"
        paths = [folder / f"{form.profile}-{form.biflow}.ipfix" for form in interop.FORMS]
        sections = [interop.ipfix_section(path, form) for path, form in zip(paths, interop.FORMS)]
        sections += [interop.ipfix_section(rotated, interop.FORMS[0], rotate_size="64k")]
        flows = interop.run_probe(probe, trace, sections=sections)
        for path, form in zip(paths, interop.FORMS):
            try:
                said = equal_sums([path], interop.sums_in(form, flows))
            except interop.Failure as err:
                raise interop.Failure(f"{form.profile}, biflow {form.biflow}: {err}") from err
        files = sorted(folder.glob("rotated.ipfix*"))
        equal_sums(files, interop.sums_in(interop.FORMS[0], flows))
        if any(f.stat().st_size > 65536 for f in files):
            raise interop.Failure("a file is larger than rotate_size")
        return f"{said}, in {len(files)} file(s)"


def check_kill(probe, trace):
    """R2: SIGKILL in the middle of a long run, without waiting for anything."""
    with tempfile.TemporaryDirectory(prefix="ftprobe-ipfix-") as tmp:
        path = Path(tmp) / "killed.ipfix"
        process = subprocess.Popen([probe, "-q", *["-r", str(trace)] * 1000, "-o", f"ipfix:{path}"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            interop.wait_until("messages", lambda: path.exists() and path.stat().st_size > 300000)
        finally:
            process.kill()
            process.wait()
        data, at, messages = path.read_bytes(), 0, 0
        while at + 16 <= len(data) and at + struct.unpack_from("!H", data, at + 2)[0] <= len(data):
            interop.equal("a message's version", struct.unpack_from("!H", data, at)[0], 10)
            at += struct.unpack_from("!H", data, at + 2)[0]
            messages += 1
        if len(data) - at >= 65535:
            raise interop.Failure(f"{len(data) - at} bytes are no message")
        path.write_bytes(data[:at])
        dump(path)
        return f"{sums(path).flows} flows in {messages} messages, {len(data) - at} bytes torn"


def main():
    failed = interop.main(check, __doc__)
    try:
        trace = interop.traces(sys.argv[2])[0]
        print(f"ok   killed: {check_kill(sys.argv[1], trace)}")
    except interop.Failure as err:
        print(f"FAIL killed: {err}")
        failed = 1
    return failed


if __name__ == "__main__":
    interop.need(("ipfixDump", "libfixbuf-tools"))
    sys.exit(main())
