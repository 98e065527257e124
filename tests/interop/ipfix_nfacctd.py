#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""nfacctd of pmacct adds up the IPFIX of all traces to the totals of the probe's JSON.

  ipfix_nfacctd.py PROBE TRACE_DIR

One nfacctd a form for all traces, as it takes seconds to start and to write, and one run of the
probe a trace for all forms: IPFIX in the profiles compat and full and NetFlow version 9, with one
record a flow and one a direction. It knows reverse counters only as
primitives of the operator, which are keys there, so rows are as fine as flows are.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
import interop  # noqa: E402  (nothing is written beside it)

STOP_TIMEOUT_S = 30
# What it has read goes through a pipe to its plugin; a signal in that moment loses it.
SETTLE_S = 2
FORMS = tuple(f for f in interop.FORMS if f.profile != "ntop") + interop.NETFLOW9
REVERSE = ("rev_octets", "rev_packets")
KEYS = ("src_host", "dst_host", "src_port", "dst_port", "proto", "timestamp_start",
        "timestamp_end", "flow_number") + REVERSE


def write_config(folder, port):
    """In IPFIX reverse elements have the enterprise of RFC 5103; version 9 is not looked into."""
    primitives = folder / "primitives"
    primitives.write_text(
        "name=rev_octets field_type=29305:1 len=8 semantics=u_int\n"
        "name=rev_packets field_type=29305:2 len=8 semantics=u_int\n"
        "name=flow_number field_type=148 len=8 semantics=u_int\n", encoding="ascii")
    config = folder / "nfacctd.conf"
    config.write_text(
        f"nfacctd_ip: 127.0.0.1\nnfacctd_port: {port}\nplugins: print[all]\n"
        f"aggregate[all]: {', '.join(KEYS)}\naggregate_primitives: {primitives}\n"
        f"print_output: json\nprint_output_file[all]: {folder}/rows.json\n"
        "print_refresh_time[all]: 3600\nprint_cache_entries[all]: 16411\n"
        # its core hands on each record at once, rather than many when it is told to stop
        "plugin_pipe_size: 64000000\n"
        f"logfile: {folder}/nfacctd.log\n", encoding="ascii")
    return config


def sums(folder):
    """Packets and bytes of both directions in the rows that nfacctd wrote."""
    packets = octets = 0
    path = folder / "rows.json"
    if not path.exists():
        return 0, 0
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if "packets" in row:
            packets += row["packets"] + int(row.get("rev_packets", 0))
            octets += row["bytes"] + int(row.get("rev_octets", 0))
    return packets, octets


class Collector:
    """An nfacctd, and what the probe's JSON says that it should have added up."""

    def __init__(self, form, folder):
        self.form, self.folder, self.port = form, folder, interop.free_port()
        self.packets = self.octets = 0
        self.process = subprocess.Popen(["nfacctd", "-f", str(write_config(folder, self.port))],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        interop.wait_until("nfacctd listens", lambda: interop.udp_port_is_bound(self.port))

    def section(self):
        return interop.ipfix_section(f"udp://127.0.0.1:{self.port}", self.form)

    def expect(self, flows):
        s = interop.sums_in(self.form, flows)
        both = self.form.version == "ipfix"
        self.packets += s.packets + (s.rev_packets if both else 0)
        self.octets += s.bytes + (s.rev_bytes if both else 0)

    def has_written(self):
        """Its plugin, which may still be busy when the process is gone that it belongs to."""
        log = (self.folder / "nfacctd.log").read_text(encoding="utf-8", errors="replace")
        return "Purging cache - END" in log

    def check(self):
        interop.equal(f"{' '.join(self.form)}: nfacctd's packets and bytes", sums(self.folder),
                      (self.packets, self.octets))


def collect(probe, traces, folder):
    """All forms of all traces; the collectors have stopped."""
    collectors = []
    try:
        for number, form in enumerate(FORMS):
            (folder / str(number)).mkdir()
            collectors.append(Collector(form, folder / str(number)))
        for trace in traces:
            flows = interop.run_probe(probe, trace, sections=[c.section() for c in collectors])
            for c in collectors:
                c.expect(flows)
        for c in collectors:
            interop.wait_until("nfacctd has read all", lambda: interop.udp_port_is_read(c.port))
        time.sleep(SETTLE_S)
    finally:
        for c in collectors:
            c.process.send_signal(signal.SIGINT)
        for c in collectors:
            c.process.wait(STOP_TIMEOUT_S)
            interop.wait_until("nfacctd writes its rows", c.has_written, STOP_TIMEOUT_S)
    return collectors


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="ftprobe-nfacctd-") as folder:
        try:
            traces = interop.traces(sys.argv[2])
            collectors = collect(sys.argv[1], traces, Path(folder))
        except (interop.Failure, subprocess.TimeoutExpired) as err:
            sys.exit(f"FAIL {err}")
        for c in collectors:
            try:
                c.check()
                print(f"ok   {' '.join(c.form)}: {len(traces)} traces, {c.packets} packets")
            except interop.Failure as err:
                print(f"FAIL {err}")
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    interop.need(("nfacctd", "pmacct"))
    sys.exit(main())
