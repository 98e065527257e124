#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""nfacctd of pmacct adds up the IPFIX of all traces to the totals of the probe's JSON.

  ipfix_nfacctd.py PROBE TRACE_DIR

One nfacctd a form, as it takes seconds to start and to write: IPFIX in the profiles compat and full
and NetFlow version 9, with one record a flow and one a direction. It knows reverse counters only as
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
        "print_refresh_time[all]: 3600\nprint_cache_entries[all]: 65537\n"
        "plugin_pipe_size: 64000000\nplugin_buffer_size: 64000\n"
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


def collect(probe, traces, form, folder):
    """What all traces say together: the probe's JSON, and nfacctd."""
    port = interop.free_port()
    want = [0, 0]
    collector = subprocess.Popen(["nfacctd", "-f", str(write_config(folder, port))],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        interop.wait_until("nfacctd listens", lambda: interop.udp_port_is_bound(port))
        for trace in traces:
            section = interop.ipfix_section(f"udp://127.0.0.1:{port}", form)
            s = interop.sums_in(form, interop.run_probe(probe, trace, section=section))
            want[0] += s.packets + (s.rev_packets if form.version == "ipfix" else 0)
            want[1] += s.bytes + (s.rev_bytes if form.version == "ipfix" else 0)
        interop.wait_until("nfacctd has read all", lambda: interop.udp_port_is_read(port))
        time.sleep(SETTLE_S)
    finally:
        collector.send_signal(signal.SIGINT)
        collector.wait(STOP_TIMEOUT_S)
    interop.equal(f"{' '.join(form)}: nfacctd's packets and bytes", sums(folder), tuple(want))
    return want[0]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    traces, failed = interop.traces(sys.argv[2]), 0
    for form in FORMS:
        with tempfile.TemporaryDirectory(prefix="ftprobe-nfacctd-") as folder:
            try:
                packets = collect(sys.argv[1], traces, form, Path(folder))
                print(f"ok   {' '.join(form)}: {len(traces)} traces, {packets} packets", flush=True)
            except (interop.Failure, subprocess.TimeoutExpired) as err:
                print(f"FAIL {err}", flush=True)
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    interop.need(("nfacctd", "pmacct"))
    sys.exit(main())
