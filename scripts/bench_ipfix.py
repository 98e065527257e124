# SPDX-License-Identifier: BSD-3-Clause
"""A collector that only counts: takes IPFIX over UDP in a process of its own, and adds up what the
records say when all have come (RFC 7011; reverse counters by RFC 5103)."""

import multiprocessing
import os
import socket
import struct
import time

SO_RCVBUFFORCE = 33
BUFFER_BYTES = 256 << 20
PEN_REVERSE = 29305
OCTETS, PACKETS = 1, 2  # octetDeltaCount, packetDeltaCount
VARIABLE = 65535
# A buffer of Linux's default size is full after some 80 messages, which the probe waits for.
LOOK_SECONDS = 0.002
QUIET_SECONDS = 0.2


def drain(sock, messages):
    """What is in the socket's buffer; how many messages that were."""
    before = len(messages)
    while True:
        try:
            messages.append(sock.recv(65535))
        except BlockingIOError:
            return len(messages) - before


def _receive(sock, pipe, core):
    """Keeps every datagram until it is told to stop and nothing has come for a while. It looks now
    and then, rather than being woken by each message, which the sender would pay for."""
    os.sched_setaffinity(0, {core})
    messages = []
    sock.setblocking(False)
    stop, quiet = False, 0
    while not stop or quiet * LOOK_SECONDS < QUIET_SECONDS:
        quiet = 0 if drain(sock, messages) else quiet + 1
        stop = stop or pipe.poll()
        time.sleep(LOOK_SECONDS)
    pipe.send({"messages": len(messages)} if pipe.recv() == "count" else sums(messages))


class Collector:
    """with Collector(core) as c: ... c.port; c.sums() after the exporter has ended."""

    def __init__(self, core):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (SO_RCVBUFFORCE, socket.SO_RCVBUF):
            try:
                self.sock.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
                break
            except OSError:
                continue
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=_receive, args=(self.sock, other, core))
        self.process.start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.is_alive():
            self.process.terminate()
        self.process.join()
        self.sock.close()

    def sums(self, read=True):
        """What the records say; without reading them only how many messages there were."""
        self.pipe.send("read" if read else "count")
        return self.pipe.recv()


def read_template(body, at):
    """(id, fields, where the next one begins); a field is (enterprise, element, length)."""
    number, count = struct.unpack_from(">HH", body, at)
    at += 4
    fields = []
    for _ in range(count):
        element, length = struct.unpack_from(">HH", body, at)
        at += 4
        enterprise = 0
        if element & 0x8000:
            enterprise, = struct.unpack_from(">I", body, at)
            at += 4
        fields.append((enterprise, element & 0x7fff, length))
    return number, fields, at


def read_templates(body, templates):
    at = 0
    while at + 4 <= len(body):
        number, fields, at = read_template(body, at)
        templates[number] = fields


def add_record(body, at, fields, total):
    """Adds one record; where the next one begins, or None when it is cut."""
    for enterprise, element, length in fields:
        if length == VARIABLE:
            length = body[at]
            at += 1
            if length == 255:
                length, = struct.unpack_from(">H", body, at)
                at += 2
        if at + length > len(body):
            return None
        if enterprise in (0, PEN_REVERSE) and element in (OCTETS, PACKETS):
            what = "packets" if element == PACKETS else "ip_bytes"
            total[what] += int.from_bytes(body[at:at + length], "big")
        at += length
    total["records"] += 1
    return at


def add_fixed(body, fields, length, total):
    """Records of one length: what is added stands at the same places in all."""
    at, places = 0, []
    for enterprise, element, size in fields:
        if enterprise in (0, PEN_REVERSE) and element in (OCTETS, PACKETS):
            places.append(("packets" if element == PACKETS else "ip_bytes", at, at + size))
        at += size
    for start in range(0, len(body) - length + 1, length):
        total["records"] += 1
        for what, begin, end in places:
            total[what] += int.from_bytes(body[start + begin:start + end], "big")


def add_set(number, body, templates, total):
    if number == 2:
        read_templates(body, templates)
    fields = templates.get(number)
    if number < 256:
        return
    if not fields:
        total["unknown_sets"] += 1
        return
    least = sum(1 if f[2] == VARIABLE else f[2] for f in fields)
    if all(f[2] != VARIABLE for f in fields):
        add_fixed(body, fields, least, total)
        return
    at = 0
    while at is not None and at + least <= len(body):
        at = add_record(body, at, fields, total)


def sums(messages):
    """Records, packets and bytes of all messages."""
    templates, total = {}, {"records": 0, "packets": 0, "ip_bytes": 0, "unknown_sets": 0,
                            "messages": len(messages)}
    for message in messages:
        at = 16
        while at + 4 <= len(message):
            number, length = struct.unpack_from(">HH", message, at)
            if length < 4:
                break
            add_set(number, message[at + 4:at + length], templates, total)
            at += length
    return total
