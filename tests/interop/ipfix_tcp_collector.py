#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A collector that is killed, and what it has read.

  ipfix_tcp_collector.py certificates FOLDER  makes those of both sides
  ipfix_tcp_collector.py listen PORT FOLDER [CERTIFICATES]
                                              keeps each connection as a file of FOLDER; over TLS;
                                              SIGTERM: says that it ends, and reads what is sent
  ipfix_tcp_collector.py check FOLDER STATS   the files against the probe's counters
  ipfix_tcp_collector.py exact FOLDER STATS   the same: nothing was lost, nothing came twice
"""

import json
import signal
import socket
import ssl
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
LOOK_S = 0.02


class Listener:
    """An exception out of a signal would lose what recv() has just read, so SIGTERM sets a flag."""

    def __init__(self, certificates):
        self.context = ipfix_tcp.server_context(certificates) if certificates else None
        self.listener, self.stopping = None, False
        signal.signal(signal.SIGTERM, self.stop)

    def stop(self, *_):
        self.stopping = True

    def say_no_more(self, connection):
        """The end of what we say, which is not the end of what we read. Nobody else may come."""
        self.listener.close()
        if not isinstance(connection, ssl.SSLSocket):
            connection.shutdown(socket.SHUT_WR)
            return
        connection.setblocking(False)
        try:
            connection.unwrap()  # says close_notify, and would wait for the other one
        except (ssl.SSLError, OSError):
            pass

    def keep(self, connection, path):
        """What comes, until the other side ends."""
        said = False
        with connection, open(path, "wb", buffering=0) as to:
            while True:
                connection.settimeout(LOOK_S)
                if self.stopping and not said and not self.context:
                    self.say_no_more(connection)
                    said = True
                try:
                    data = connection.recv(65536)
                except TimeoutError:
                    # over TLS in a pause: unwrap() throws away what it finds
                    if self.stopping and not said:
                        self.say_no_more(connection)
                        said = True
                    continue
                except ssl.SSLError:
                    return
                if not data:
                    return
                to.write(data)

    def run(self, port, folder):
        with socket.create_server(("127.0.0.1", port)) as self.listener:
            listener = self.listener
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            listener.settimeout(LOOK_S)
            while listener.fileno() >= 0:
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    if self.stopping:
                        return  # and who has connected was accepted
                    continue
                connection.settimeout(None)
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                self.keep(connection, folder / f"session-{time.time_ns()}.ipfix")


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


def flow_numbers(path):
    with open(path, "rb") as stream:
        records = ipfix.reader.from_stream(stream).namedict_iterator()
        return [r["flowId"] for r in records if "packetDeltaCount" in r]


def exact(folder, stats):
    """After orderly ends only, and with a spool."""
    check(folder, stats)
    out = output_of(stats)
    if out["sessions"] != len(list(folder.glob("session-*"))):
        sys.exit("a collector that ends orderly has seen every session")
    numbers = [n for p in sorted(folder.glob("session-*")) if p.stat().st_size
               for n in flow_numbers(p)]
    print(f"read {len(numbers)} records of {len(set(numbers))} flows, {out['spooled']} of them "
          "from the spool")
    if not len(numbers) == len(set(numbers)) == out["offered"] == out["sent"]:
        sys.exit("something was lost, or came twice")
    if not out["spooled"]:
        sys.exit("the spool was never used")
    return 0


def output_of(stats):
    outputs = json.loads(Path(stats).read_text(encoding="utf-8"))["outputs"]
    return next(o for name, o in outputs.items() if name.startswith("ipfix"))


def check(folder, stats):
    ipfix.ie.use_iana_default()
    ipfix.ie.use_5103_default()
    out = output_of(stats)
    dropped = sum(out["dropped"].values())
    read = [check_session(p) for p in sorted(folder.glob("session-*"))]
    print(f"offered {out['offered']} = sent {out['sent']} + in doubt {out['in_doubt']} + dropped "
          f"{dropped} + queued {out['queued']}; sessions {out['sessions']}, failed "
          f"{out['sessions_failed']}, sent again {out['resent']}; read {read}")
    if out["offered"] != out["sent"] + out["in_doubt"] + dropped + out["queued"]:
        sys.exit("the account does not add up")
    # the kernel may take a connection for a collector that is killed before it sees it
    unseen = 1 + len(read) // 10
    if len(read) < 3 or not len(read) <= out["sessions"] <= len(read) + unseen:
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
        return Listener(certificates).run(int(sys.argv[2]), Path(sys.argv[3]))
    if len(sys.argv) == 4 and sys.argv[1] == "check":
        return check(Path(sys.argv[2]), sys.argv[3])
    if len(sys.argv) == 4 and sys.argv[1] == "exact":
        return exact(Path(sys.argv[2]), sys.argv[3])
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main())
