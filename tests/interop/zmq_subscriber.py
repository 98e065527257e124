#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A ZMQ subscriber gets every record of each trace, in order, the same as the probe's JSON.

  zmq_subscriber.py PROBE TRACE_DIR
"""

import json
import socket
import struct
import sys
import threading

import zmq

sys.dont_write_bytecode = True
import interop  # noqa: E402  (nothing is written beside it)

HEADER = struct.Struct("=16sBxH4sI")


class Subscriber(threading.Thread):
    """Subscribes before the probe is there, and reads until nothing comes any more."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.context = zmq.Context()
        self.port = port
        self.messages = []
        self.stopping = False

    def run(self):
        with self.context.socket(zmq.SUB) as sub:
            sub.setsockopt(zmq.SUBSCRIBE, b"flow")
            sub.setsockopt(zmq.RCVTIMEO, 500)
            sub.connect(f"tcp://127.0.0.1:{self.port}")
            while True:
                try:
                    self.messages.append(sub.recv_multipart())
                except zmq.Again:
                    if self.stopping:
                        return

    def stop(self):
        self.stopping = True
        self.join()
        self.context.term()


def check_message(number, frames, flow):
    interop.equal("frames of a message", len(frames), 2)
    interop.equal("bytes of frame 1", len(frames[0]), 28)
    topic, version, size, message_id, _ = HEADER.unpack(frames[0])
    interop.equal("topic", topic.rstrip(b"\0"), b"flow")
    interop.equal("version", version, 2)
    interop.equal("size", struct.unpack("!H", struct.pack("=H", size))[0],
                  min(len(frames[1]), 65535))
    interop.equal("message id", struct.unpack("!I", message_id)[0], number)
    interop.equal(f"record {number}", json.loads(frames[1]), flow)


def check(probe, trace):
    subscriber = Subscriber(interop.free_port(socket.SOCK_STREAM))
    subscriber.start()
    try:
        flows = interop.run_probe(probe, trace, f"zmq:tcp://127.0.0.1:{subscriber.port}")
    finally:
        subscriber.stop()
    interop.equal("messages", len(subscriber.messages), len(flows))
    for number, (frames, flow) in enumerate(zip(subscriber.messages, flows)):
        check_message(number, frames, flow)
    return f"{len(flows)} records"


if __name__ == "__main__":
    sys.exit(interop.main(check, __doc__))
