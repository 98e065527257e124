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


def write_pcap(path, sessions):
    """One capture for all, since tshark starts slowly: session i comes from 10.0.0.i."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, LINKTYPE_RAW))
        for number, messages in enumerate(sessions):
            for message in messages:
                length = 28 + len(message)
                seconds = struct.unpack_from("!I", message, 4)[0]
                f.write(struct.pack("<IIII", seconds, 0, length, length))
                f.write(struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, 17, 0,
                                    bytes([10, 0, 0, number]), b"\x7f\0\0\1"))
                f.write(struct.pack("!HHHH", 40000, IPFIX_PORT, length - 20, 0) + message)


def tshark(path, *args):
    done = subprocess.run(["tshark", "-n", "-r", str(path), *args], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, text=True)
    if done.returncode:
        raise interop.Failure(f"tshark: {done.stderr.strip()}")
    return done.stdout


def sums(path):
    """By session. Reverse elements have the names of the forward ones."""
    total = {}
    for line in tshark(path, "-T", "fields", "-E", "aggregator=,", "-E", "separator=/t",
                       "-e", "ip.src", "-e", "cflow.packets", "-e", "cflow.octets").splitlines():
        source, *columns = line.split("\t")
        number = int(source.rpartition(".")[2])
        old = total.get(number, (0, 0))
        total[number] = tuple(t + sum(int(v) for v in column.split(",") if v)
                              for t, column in zip(old, columns))
    return total


def collect(probe, trace, form, number):
    sink = Sink()
    sink.start()
    try:
        section = interop.ipfix_section(f"udp://127.0.0.1:{sink.port}", form,
                                        observation_domain=1 + number)
        flows = interop.run_probe(probe, trace, section=section)
    finally:
        sink.stop()
    return interop.sums_of(flows), sink.messages


def check(probe, trace):
    got = [collect(probe, trace, form, i) for i, form in enumerate(FORMS)]
    with tempfile.TemporaryDirectory(prefix="ftprobe-tshark-") as folder:
        path = Path(folder) / "ipfix.pcap"
        write_pcap(path, [messages for _, messages in got])
        for line in tshark(path, "-V").splitlines():
            if "[Malformed" in line or "[Expert Info" in line:
                raise interop.Failure(f"tshark objects: {line.strip()}")
        total = sums(path)
    for i, form in enumerate(FORMS):
        want = got[i][0]
        if form.version != "ipfix" or (form.profile, form.biflow) == ("ntop", "yes"):
            continue  # reverse counters under other names
        both = want.packets + want.rev_packets, want.bytes + want.rev_bytes
        interop.equal(f"{' '.join(form)}: tshark's packets and bytes", total.get(i, (0, 0)), both)
    return f"{got[0][0].flows} flows in {sum(len(m) for _, m in got)} messages"


if __name__ == "__main__":
    interop.need(("tshark", "tshark"))
    sys.exit(interop.main(check, __doc__))
