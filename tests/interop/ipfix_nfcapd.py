#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""nfcapd stores the IPFIX of each trace with the totals of the probe's JSON.

  ipfix_nfcapd.py PROBE TRACE_DIR

As IPFIX in the profiles compat and full and as NetFlow version 9, with one record a flow and one a
direction. nfdump 1.7 keeps the reverse counters of a biflow as "out" packets and bytes.
"""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
import interop  # noqa: E402  (nothing is written beside it)

STOP_TIMEOUT_S = 30
FORMS = tuple(f for f in interop.FORMS if f.profile != "ntop") + interop.NETFLOW9
# What nfcapd has read it still decodes; a signal in that moment loses the message.
SETTLE_S = 0.1


def stored(folder):
    """Sums over what nfcapd wrote."""
    done = subprocess.run(
        ["nfdump", "-q", "-N", "-6", "-R", str(folder), "-o", "fmt:%ipkt,%ibyt,%opkt,%obyt"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True)
    if done.returncode:
        raise interop.Failure(f"nfdump: {done.stderr.strip()}")
    rows = []
    for line in done.stdout.splitlines():
        cells = [c.strip() for c in line.split(",")]
        if len(cells) == 4 and all(c.isdigit() for c in cells):
            rows.append([int(c) for c in cells])
        elif line.strip() and "No match" not in line:
            raise interop.Failure(f"nfdump says {line!r}")
    return interop.Sums(len(rows), *(sum(r[i] for r in rows) for i in range(4)))


def collect(probe, trace, folder, section):
    """What the probe's JSON says, and where nfcapd and its log have put what it got."""
    port = interop.free_port()
    log = Path(folder) / "nfcapd.log"
    data = Path(folder) / "data"
    data.mkdir()
    with open(log, "wb") as to:
        collector = subprocess.Popen(
            ["nfcapd", "-b", "127.0.0.1", "-p", str(port), "-w", str(data), "-t", "3600"],
            stdout=to, stderr=to)
    try:
        interop.wait_until("nfcapd listens", lambda: interop.udp_port_is_bound(port))
        flows = interop.run_probe(probe, trace,
                                  section={**section, "target": f"udp://127.0.0.1:{port}"})
        interop.wait_until("nfcapd has read all", lambda: interop.udp_port_is_read(port))
        time.sleep(SETTLE_S)
    finally:
        collector.send_signal(signal.SIGTERM)
        collector.wait(STOP_TIMEOUT_S)
    return flows, data, log.read_text(encoding="utf-8", errors="replace")


def check_form(probe, trace, form, **more):
    """The totals; nfcapd 1.7 takes numbers of options records for lost ones, so they are off."""
    with tempfile.TemporaryDirectory(prefix="ftprobe-nfcapd-") as folder:
        section = interop.ipfix_section("", form, **more)
        flows, data, log = collect(probe, trace, folder, section)
        want = interop.sums_in(form, flows)
        interop.equal_sums("nfdump", stored(data), want)
        wanted = ["Bad Packets: 0"] + ["Sequence Errors: 0"] * ("options_interval" in more)
        for line in log.splitlines():
            if "Sequence Errors:" in line and not all(words in line for words in wanted):
                raise interop.Failure(f"nfcapd says {line.strip()}")
        return f"{want.flows} flows, {want.packets + want.rev_packets} packets"


def check(probe, trace):
    said = ""
    for form in FORMS:
        try:
            said = check_form(probe, trace, form, options_interval="off")
        except interop.Failure as err:
            raise interop.Failure(f"{' '.join(form)}: {err}") from err
    check_form(probe, trace, FORMS[0])
    return said


if __name__ == "__main__":
    interop.need(("nfcapd", "nfdump"), ("nfdump", "nfdump"))
    sys.exit(interop.main(check, __doc__))
