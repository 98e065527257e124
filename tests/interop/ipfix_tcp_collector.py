#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A collector that is killed, and what it has read.

  ipfix_tcp_collector.py certificates FOLDER  makes those of both sides
  ipfix_tcp_collector.py listen PORT FOLDER [CERTIFICATES]
                                              keeps each connection as a file of FOLDER; over TLS
  ipfix_tcp_collector.py check FOLDER STATS   the files against the probe's counters
"""

import json
import socket
import struct
import sys
import time
from pathlib import Path

import ipfix.ie
import ipfix.reader

sys.dont_write_bytecode = True
import ipfix_tcp  # noqa: E402  (nothing is written beside it)

TEMPLATE_SETS = (2, 3)
HEADER_BYTES = 16
# What a kernel acknowledges before its collector has read it; Linux takes twice that.
BUFFER_BYTES = 65536
RECORD_BYTES_MIN = 80


def listen(port, folder, certificates):
    context = ipfix_tcp.server_context(certificates) if certificates else None
    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        while True:
            connection, _ = listener.accept()
            if context:
                connection = context.wrap_socket(connection, server_side=True)
            path = folder / f"session-{time.time_ns()}.ipfix"
            with connection, open(path, "wb", buffering=0) as to:
                while data := connection.recv(65536):
                    to.write(data)


def make_certificates(folder):
    for name, issuer in (("authority", None), ("collector", "authority"), ("probe", "authority")):
        ipfix_tcp.make_certificate(folder, name, issuer)


def cut_to_messages(path):
    """A kill may have left a part of a message; how many bytes of it."""
    data, at = path.read_bytes(), 0
    while len(data) - at >= HEADER_BYTES:
        size = struct.unpack_from("!H", data, at + 2)[0]
        if len(data) - at < size:
            break
        at += size
    path.write_bytes(data[:at])
    return len(data) - at


def check_session(path):
    """The records of flows in a session, which has to begin with templates and number 0."""
    cut_to_messages(path)
    data = path.read_bytes()
    if not data:
        return 0
    sequence, _, first_set = struct.unpack_from("!IIH", data, 8)
    if sequence != 0 or first_set not in TEMPLATE_SETS:
        sys.exit(f"{path.name} begins with number {sequence} and set {first_set}")
    with open(path, "rb") as stream:
        records = ipfix.reader.from_stream(stream).namedict_iterator()
        return sum("packetDeltaCount" in r for r in records)


def check(folder, stats):
    ipfix.ie.use_iana_default()
    ipfix.ie.use_5103_default()
    outputs = json.loads(Path(stats).read_text(encoding="utf-8"))["outputs"]
    out = next(o for name, o in outputs.items() if name.startswith("ipfix"))
    dropped = sum(out["dropped"].values())
    read = [check_session(p) for p in sorted(folder.glob("session-*"))]
    print(f"offered {out['offered']} = sent {out['sent']} + in doubt {out['in_doubt']} + dropped "
          f"{dropped} + queued {out['queued']}; sessions {out['sessions']}, failed "
          f"{out['sessions_failed']}, sent again {out['resent']}; read {read}")
    if out["offered"] != out["sent"] + out["in_doubt"] + dropped + out["queued"]:
        sys.exit("the account does not add up")
    if len(read) < 3 or out["sessions"] != len(read):
        sys.exit("the sessions are not those that the collector saw")
    if sum(read) > out["sent"] + out["in_doubt"] + out["resent"]:
        sys.exit("more was read than sent")
    lost = BUFFER_BYTES * 2 // RECORD_BYTES_MIN * out["sessions_failed"]
    if sum(read) < out["sent"] - lost:
        sys.exit(f"more than {lost} of those that count as sent were not read")
    if out["resent"] == 0 and sum(read) < 0.5 * out["offered"]:
        sys.exit("most of it was not read")
    return 0


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "certificates":
        return make_certificates(Path(sys.argv[2]))
    if len(sys.argv) in (4, 5) and sys.argv[1] == "listen":
        certificates = Path(sys.argv[4]) if any(sys.argv[4:]) else None
        return listen(int(sys.argv[2]), Path(sys.argv[3]), certificates)
    if len(sys.argv) == 4 and sys.argv[1] == "check":
        return check(Path(sys.argv[2]), sys.argv[3])
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main())
