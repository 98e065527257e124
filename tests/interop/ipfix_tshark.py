#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""tshark decodes the IPFIX of each trace without an expert warning, and counts the same.

  ipfix_tshark.py PROBE TRACE_DIR

A socket takes the messages and writes them into a capture file, so no right to capture is needed.
"""

import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

sys.dont_write_bytecode = True
import interop  # noqa: E402  (nothing is written beside it)

LINKTYPE_RAW = 101
IPFIX_PORT = 4739
FORMS = interop.FORMS + interop.NETFLOW9


class Sink(threading.Thread):
    """Takes datagrams until told to stop."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 23)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.3)
        self.port = self.socket.getsockname()[1]
        self.messages = []
        self.stopping = False

    def run(self):
        while True:
            try:
                self.messages.append(self.socket.recv(65536))
            except socket.timeout:
                if self.stopping:
                    return

    def stop(self):
        self.stopping = True
        self.join()
        self.socket.close()


def address(trace, form):
    """Sessions come from 10.TRACE.FORM: one capture for all, since tshark starts slowly."""
    return bytes([10, trace >> 8, trace & 255, form])


def session_at(text):
    """Trace and form behind an address."""
    _, high, low, form = (int(part) for part in text.split("."))
    return high << 8 | low, form


def write_pcap(path, sessions):
    """Messages by trace and form."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, LINKTYPE_RAW))
        for key, messages in sessions.items():
            for message in messages:
                length = 28 + len(message)
                seconds = struct.unpack_from("!I", message, 4)[0]
                f.write(struct.pack("<IIII", seconds, 0, length, length))
                f.write(struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, 17, 0,
                                    address(*key), b"\x7f\0\0\1"))
                f.write(struct.pack("!HHHH", 40000, IPFIX_PORT, length - 20, 0) + message)


def tshark(path, *args):
    """Its lines. They come as they are made: -V of all sessions is long."""
    with subprocess.Popen(["tshark", "-n", "-r", str(path), *args], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, errors="replace") as process:
        yield from process.stdout
    if process.returncode:
        raise interop.Failure(f"tshark ends with {process.returncode}")


def objections(path):
    """What tshark finds wrong, by session; the first of each."""
    found, key = {}, None
    for line in tshark(path, "-V"):
        if line.startswith("Internet Protocol Version 4, Src: "):
            key = session_at(line.split("Src: ")[1].split(",")[0])
        elif "[Malformed" in line or "[Expert Info" in line:
            found.setdefault(key, line.strip())
    return found


def sums(path):
    """By session. Reverse elements have the names of the forward ones."""
    total = {}
    for line in tshark(path, "-T", "fields", "-E", "aggregator=,", "-E", "separator=/t",
                       "-e", "ip.src", "-e", "cflow.packets", "-e", "cflow.octets"):
        source, *columns = line.rstrip("\n").split("\t")
        key = session_at(source)
        old = total.get(key, (0, 0))
        total[key] = tuple(t + sum(int(v) for v in column.split(",") if v)
                           for t, column in zip(old, columns))
    return total


def collect(probe, trace, number):
    """What the probe's JSON says, and the messages of each form: one run, an output each."""
    sinks = [Sink() for _ in FORMS]
    for sink in sinks:
        sink.start()
    try:
        sections = [interop.ipfix_section(f"udp://127.0.0.1:{sink.port}", form,
                                          observation_domain=1 + number * len(FORMS) + i)
                    for i, (sink, form) in enumerate(zip(sinks, FORMS))]
        flows = interop.run_probe(probe, trace, sections=sections)
    finally:
        for sink in sinks:
            sink.stopping = True
        for sink in sinks:
            sink.stop()
    return interop.sums_of(flows), [sink.messages for sink in sinks]


def check(total, number, want):
    """tshark's sums of one trace."""
    for i, form in enumerate(FORMS):
        if form.version != "ipfix" or (form.profile, form.biflow) == ("ntop", "yes"):
            continue  # reverse counters under other names
        both = want.packets + want.rev_packets, want.bytes + want.rev_bytes
        interop.equal(f"{' '.join(form)}: tshark's packets and bytes",
                      total.get((number, i), (0, 0)), both)


def run(probe, traces):
    """The number of failures, each told in a line."""
    want, sessions, failed = [], {}, 0
    for number, trace in enumerate(traces):
        flows, messages = collect(probe, trace, number)
        want.append(flows)
        sessions.update({(number, i): m for i, m in enumerate(messages)})
    with tempfile.TemporaryDirectory(prefix="ftprobe-tshark-") as folder:
        path = Path(folder) / "ipfix.pcap"
        write_pcap(path, sessions)
        wrong, total = objections(path), sums(path)
    for (number, i), line in wrong.items():
        print(f"FAIL {traces[number].name}: {' '.join(FORMS[i])}: tshark objects: {line}")
        failed += 1
    for number, trace in enumerate(traces):
        try:
            check(total, number, want[number])
        except interop.Failure as err:
            print(f"FAIL {trace.name}: {err}")
            failed += 1
    print(f"{len(traces)} traces, {sum(w.flows for w in want)} flows in "
          f"{sum(map(len, sessions.values()))} messages, {failed} failed")
    return failed


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        return 1 if run(sys.argv[1], interop.traces(sys.argv[2])) else 0
    except (interop.Failure, subprocess.TimeoutExpired) as err:
        sys.exit(f"FAIL {err}")


if __name__ == "__main__":
    interop.need(("tshark", "tshark"))
    sys.exit(main())
