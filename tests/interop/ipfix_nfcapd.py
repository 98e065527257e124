#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""nfcapd stores the IPFIX of each trace with the totals of the probe's JSON.

  ipfix_nfcapd.py PROBE TRACE_DIR

As IPFIX in the profiles compat and full and as NetFlow version 9, with one record a flow and one a
direction. One nfcapd a form takes all traces, each from an observation domain of its own, by which
nfdump tells them apart. nfdump 1.7 keeps the reverse counters of a biflow as "out" packets and
bytes.
"""

import re
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
# nfcapd 1.7 takes numbers of options records for lost ones, so they are off, but for one form more.
QUIET = {"options_interval": "off"}
# What nfcapd has read it still decodes; a signal in that moment loses the message.
SETTLE_S = 0.1


def stored(folder):
    """Sums over what nfcapd wrote, by its number for the exporter."""
    done = subprocess.run(
        ["nfdump", "-q", "-N", "-6", "-R", str(folder), "-o", "fmt:%exp,%ipkt,%ibyt,%opkt,%obyt"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True)
    if done.returncode:
        raise interop.Failure(f"nfdump: {done.stderr.strip()}")
    rows = {}
    for line in done.stdout.splitlines():
        cells = [c.strip() for c in line.split(",")]
        if len(cells) == 5 and all(c.isdigit() for c in cells):
            rows.setdefault(int(cells[0]), []).append([int(c) for c in cells[1:]])
        elif line.strip() and "No match" not in line:
            raise interop.Failure(f"nfdump says {line!r}")
    return {number: interop.Sums(len(r), *(sum(x[i] for x in r) for i in range(4)))
            for number, r in rows.items()}


class Collector:
    """An nfcapd, and by observation domain what it should have stored."""

    def __init__(self, form, folder, more):
        self.form, self.more, self.want = form, more, {}
        self.port = interop.free_port()
        self.data, self.log = folder / "data", folder / "nfcapd.log"
        self.data.mkdir(parents=True)
        with open(self.log, "wb") as to:
            self.process = subprocess.Popen(
                ["nfcapd", "-b", "127.0.0.1", "-p", str(self.port), "-w", str(self.data),
                 "-t", "3600"], stdout=to, stderr=to)
        interop.wait_until("nfcapd listens", lambda: interop.udp_port_is_bound(self.port))

    def section(self, domain):
        return interop.ipfix_section(f"udp://127.0.0.1:{self.port}", self.form,
                                     observation_domain=domain, **self.more)

    def stop(self):
        try:
            interop.wait_until("nfcapd has read all", lambda: interop.udp_port_is_read(self.port))
            time.sleep(SETTLE_S)
        finally:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(STOP_TIMEOUT_S)

    def domains(self, log):
        """The observation domain behind each of its numbers for exporters."""
        found = re.findall(r"exporter: SysID: (\d+), (?:Observation d|D)omain:? (\d+)", log)
        return {int(number): int(domain) for number, domain in found}

    def wrong(self):
        """Complaints by observation domain; 0 for those of all."""
        log = self.log.read_text(encoding="utf-8", errors="replace")
        domains, got, wrong = self.domains(log), stored(self.data), {}
        by_domain = {domains.get(number, 0): sums for number, sums in got.items()}
        for domain in by_domain.keys() | self.want.keys():
            try:
                interop.equal_sums("nfdump", by_domain.get(domain, interop.Sums(0, 0, 0, 0, 0)),
                                   self.want.get(domain, interop.Sums(0, 0, 0, 0, 0)))
            except interop.Failure as err:
                wrong[domain] = err
        ends = [line for line in log.splitlines() if "Sequence Errors:" in line]
        clean = ["Bad Packets: 0"] + ["Sequence Errors: 0"] * (self.more == QUIET)
        if not ends or not all(words in line for words in clean for line in ends):
            wrong[0] = f"nfcapd says {ends}"
        return wrong


def run(probe, traces, folder):
    """All forms of all traces; the collectors have stopped."""
    collectors = []
    try:
        for number, form in enumerate((*FORMS, FORMS[0])):
            collectors.append(Collector(form, folder / str(number),
                                        QUIET if number < len(FORMS) else {}))
        for domain, trace in enumerate(traces, 1):
            flows = interop.run_probe(probe, trace,
                                      sections=[c.section(domain) for c in collectors])
            for c in collectors:
                if flows:
                    c.want[domain] = interop.sums_in(c.form, flows)
    finally:
        for c in collectors:
            c.stop()
    return collectors


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="ftprobe-nfcapd-") as folder:
        try:
            traces = interop.traces(sys.argv[2])
            collectors = run(sys.argv[1], traces, Path(folder))
        except (interop.Failure, subprocess.TimeoutExpired) as err:
            sys.exit(f"FAIL {err}")
        for c in collectors:
            form = " ".join(c.form) + ("" if c.more else ", with options records")
            for domain, why in sorted(c.wrong().items()):
                print(f"FAIL {form}, {traces[domain - 1].name if domain else 'all'}: {why}")
                failed += 1
            flows = sum(s.flows for s in c.want.values())
            packets = sum(s.packets + s.rev_packets for s in c.want.values())
            print(f"{form}: {len(traces)} traces, {flows} records, {packets} packets")
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    interop.need(("nfcapd", "nfdump"), ("nfdump", "nfdump"))
    sys.exit(main())
