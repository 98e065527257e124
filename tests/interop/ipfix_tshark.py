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


def write_pcap(path, messages):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, LINKTYPE_RAW))
        for message in messages:
            length = 28 + len(message)
            seconds = struct.unpack_from("!I", message, 4)[0]
            f.write(struct.pack("<IIII", seconds, 0, length, length))
            f.write(struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, 17, 0,
                                b"\x7f\0\0\1", b"\x7f\0\0\1"))
            f.write(struct.pack("!HHHH", 40000, IPFIX_PORT, length - 20, 0) + message)


def tshark(path, *args):
    done = subprocess.run(["tshark", "-n", "-r", str(path), *args], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, text=True)
    if done.returncode:
        raise interop.Failure(f"tshark: {done.stderr.strip()}")
    return done.stdout


def sums(path):
    """Reverse elements have the names of the forward ones: every other value is a reverse one."""
    columns = {}
    for name in ("cflow.packets", "cflow.octets"):
        text = tshark(path, "-T", "fields", "-E", "aggregator=,", "-e", name)
        columns[name] = [int(v) for line in text.split() for v in line.split(",") if v]
    packets, octets = columns["cflow.packets"], columns["cflow.octets"]
    return len(packets), sum(packets), sum(octets)


def check(probe, trace):
    sink = Sink()
    sink.start()
    try:
        flows = interop.run_probe(probe, trace, f"ipfix:udp://127.0.0.1:{sink.port}")
    finally:
        sink.stop()
    want = interop.sums_of(flows)
    with tempfile.TemporaryDirectory(prefix="ftprobe-tshark-") as folder:
        path = Path(folder) / "ipfix.pcap"
        write_pcap(path, sink.messages)
        expert = tshark(path, "-q", "-z", "expert").strip()
        if expert:
            raise interop.Failure("tshark objects: " + " / ".join(expert.split("\n")))
        if "[Malformed" in tshark(path, "-V"):
            raise interop.Failure("tshark says Malformed")
        got = sums(path)
    interop.equal("tshark's packets", got[1], want.packets + want.rev_packets)
    interop.equal("tshark's bytes", got[2], want.bytes + want.rev_bytes)
    return f"{want.flows} flows in {len(sink.messages)} messages"


if __name__ == "__main__":
    interop.need(("tshark", "tshark"))
    sys.exit(interop.main(check, __doc__))
