#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A subscriber is stopped (SIGSTOP) while some 200,000 records a second are made, and goes on.

  zmq_stopped.py PROBE [SECONDS]

The lane loses no packet, memory stays within the bounds of the queues, the loss is named, records
produced = sent + in doubt + dropped + queued, and what counts as sent has arrived, to the last
record. Once where the probe binds, and once where it connects.
"""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import zmq

sys.dont_write_bytecode = True
import interop  # noqa: E402  (nothing is written beside it)

FLOWS = 400
SLICE = "1ms"  # each flow makes a record so often
# At least, on a busy machine with sanitizers; some ten times as many on an idle one.
RECORDS_A_SECOND = 20000
# In every record once: key 60 of TLV (version of IP), 4.
MARK = bytes((0x22, 60, 4))
QUEUE_RECORDS = 16384
# Queue (300 bytes a record), what libzmq holds, what is held for doubt, and some.
GROWTH_MB = 20 + 32 + 64 + 16


def write_trace(path):
    with open(path, "wb") as trace:
        trace.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(FLOWS):
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 46, i, 0, 64, 17, 0,
                             bytes((10, 9, 8, 7)), bytes((10, 20, 30, 40)))
            packet = (bytes((2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0)) + ip
                      + struct.pack("!HHHH", 20000 + i, 53000, 26, 0) + bytes(18))
            trace.write(struct.pack("<IIII", 1700000000, i, len(packet), len(packet)) + packet)


def subscribe(endpoint, binds):
    """A process of its own: counts records until SIGTERM and a quiet second, and prints them."""
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    records = 0
    with zmq.Context() as context, context.socket(zmq.SUB) as sub:
        sub.setsockopt(zmq.SUBSCRIBE, b"flow")
        if binds:
            sub.bind(endpoint)
        else:
            sub.connect(endpoint)
        while sub.poll(1000) or not stopping:
            if sub.poll(0):
                records += sub.recv_multipart()[1].count(MARK)
    print(records)


def resident_mb(pid):
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise interop.Failure("no VmRSS")


def watch(probe, seconds):
    """So many seconds; the most memory meanwhile."""
    most, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        if probe.poll() is not None:
            raise interop.Failure(f"the probe ended: {probe.stderr.read()}")
        most = max(most, resident_mb(probe.pid))
        time.sleep(0.05)
    return most


def end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def run(probe_path, mode, seconds, folder):
    port = interop.free_port(socket.SOCK_STREAM)
    endpoint = f"tcp://127.0.0.1:{port}"
    trace, stats = Path(folder) / "trace.pcap", Path(folder) / "stats.json"
    write_trace(trace)
    output = f"zmq:{endpoint}"
    reader = subprocess.Popen([sys.executable, __file__, "--subscribe", endpoint,
                               "bind" if mode == "connect" else "connect"],
                              stdout=subprocess.PIPE)
    probe = subprocess.Popen(
        [probe_path, "-i", f"net_pcap0,rx_pcap={trace},infinite_rx=1", "-o", output,
         "--set", f"output.{output}.mode={mode}",
         "--set", f"output.{output}.queue_records={QUEUE_RECORDS}",
         "--set", f"eal.file_prefix=stopped{os.getpid()}", "--set", "dpi.enabled=no",
         "--set", "probe.stop_timeout=20s", "--slice-timeout", SLICE,
         "--stats-json", str(stats)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        watch(probe, 2)
        before = resident_mb(probe.pid)
        reader.send_signal(signal.SIGSTOP)
        growth = watch(probe, seconds) - before
        reader.send_signal(signal.SIGCONT)
        watch(probe, 2)
        probe.send_signal(signal.SIGINT)
        said = probe.communicate(timeout=60)[1].decode("utf-8", "replace")
        interop.equal("exit code", probe.returncode, 0)
        reader.send_signal(signal.SIGTERM)
        received = int(reader.communicate(timeout=60)[0])
    finally:
        end(probe)
        end(reader)
    return check(json.loads(stats.read_text(encoding="utf-8")), said, received, growth, seconds)


def check(stats, said, received, growth, seconds):
    out = list(stats["outputs"].values())[0]
    produced = out["offered"]
    dropped = sum(out["dropped"].values())
    if "received = metered + dropped holds" not in said or " 0 missed" not in said:
        raise interop.Failure(f"packets were lost: {said}")
    interop.equal("records produced", produced,
                  out["sent"] + out["in_doubt"] + dropped + out["queued"])
    interop.equal("records that arrived", received, out["sent"] + out["in_doubt"])
    interop.equal("in doubt or queued", out["in_doubt"] + out["queued"], 0)
    known = out["dropped"]["queue_full"] + out["dropped"].get("no_subscriber", 0)
    interop.equal("dropped by name", known, dropped)
    if produced < RECORDS_A_SECOND * seconds or not out["dropped"]["queue_full"]:
        raise interop.Failure(f"{produced} records in {seconds} s, {dropped} dropped: "
                              f"too few: {said}")
    if growth > GROWTH_MB:
        raise interop.Failure(f"memory grew by {growth:.0f} MB")
    return (f"{produced} records, {out['sent']} sent, as many arrived, {dropped} dropped by name; "
            f"memory grew by {growth:.0f} MB")


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--subscribe":
        subscribe(sys.argv[2], sys.argv[3] == "bind")
        return 0
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    if os.geteuid() != 0:
        print("not run: a live probe needs root", file=sys.stderr)
        return 77
    seconds = float(sys.argv[2]) if len(sys.argv) == 3 else 8
    for mode in ("bind", "connect"):
        with tempfile.TemporaryDirectory(prefix="ftprobe-interop-") as folder:
            try:
                print(f"ok   {mode}: {run(sys.argv[1], mode, seconds, folder)}", flush=True)
            except (interop.Failure, subprocess.TimeoutExpired) as problem:
                print(f"FAIL {mode}: {problem}")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
