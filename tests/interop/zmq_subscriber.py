#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""scripts/collector gets every record of each trace, in every form of message, as JSON has them.

  zmq_subscriber.py PROBE TRACE_DIR
"""

import importlib.machinery
import importlib.util
import socket
import sys
import threading
from pathlib import Path

import zmq

sys.dont_write_bytecode = True
import interop  # noqa: E402  (nothing is written beside it)

COLLECTOR = Path(__file__).resolve().parents[2] / "scripts" / "collector"
loader = importlib.machinery.SourceFileLoader("collector", str(COLLECTOR))
collector = importlib.util.module_from_spec(importlib.util.spec_from_loader("collector", loader))
loader.exec_module(collector)

# Header bytes, and settings of the output.
FORMS = {
    "TLV": (28, {}),
    "TLV v1": (24, {"header": "v1", "batch": "255"}),
    "TLV v3 packed": (36, {"header": "v3", "compression": "yes"}),
    "JSON": (28, {"format": "json", "batch": "1"}),
    "JSON v1 packed": (24, {"header": "v1", "format": "json", "compression": "yes"}),
    "JSON v3": (36, {"header": "v3", "format": "json"}),
    "JSON packed": (28, {"format": "json-names", "compression": "yes"}),
    "JSON of -o json": (28, {"format": "json-flow"}),
    "TLV CURVE": (28, {"server_key": None}),
    "TLV connect": (28, {"mode": "connect"}),
}
# Keys of the records: of ntop's number or name, and of the probe's JSON.
SAME = {"7": "src_port", "11": "dst_port", "4": "proto", "1": "bytes", "23": "rev_bytes",
        "2": "packets", "24": "rev_packets", "57550": "tcp_flags", "57551": "rev_tcp_flags",
        "58": "vlan", "60": "ip_version", "136": "end_reason"}


class Subscriber(threading.Thread):
    """Is there before the probe is, and reads until nothing comes any more."""

    def __init__(self, port, settings):
        super().__init__(daemon=True)
        self.context = zmq.Context()
        self.sub = self.context.socket(zmq.SUB)
        self.messages = []
        self.stopping = False
        if "server_key" in settings:
            public, secret = zmq.curve_keypair()
            self.sub.curve_publickey, self.sub.curve_secretkey = public, secret
            self.sub.curve_server = True
            settings["server_key"] = public.decode()
        self.sub.setsockopt(zmq.SUBSCRIBE, b"")
        self.sub.setsockopt(zmq.RCVTIMEO, 500)
        self.sub.setsockopt(zmq.RCVHWM, 0)
        endpoint = f"tcp://127.0.0.1:{port}"
        if settings.get("mode") == "connect":
            self.sub.bind(endpoint)
        else:
            self.sub.connect(endpoint)

    def run(self):
        while True:
            try:
                self.messages.append(self.sub.recv_multipart())
            except zmq.Again:
                if self.stopping:
                    break
        self.sub.close()

    def stop(self):
        self.stopping = True
        self.join()
        self.context.term()


def check_record(number, record, flow):
    if "schema" in record:
        interop.equal(f"record {number}", record, flow)
        return
    numbers = {name: number for number, name in collector.NAMES.items()}
    record = {str(numbers.get(key, key)): value for key, value in record.items()}
    want = {key: flow[name] for key, name in SAME.items() if key in record}
    interop.equal(f"record {number}", {key: record[key] for key in want}, want)
    for key in ("7", "11", "4", "1", "23", "2", "24"):
        if key not in record:
            raise interop.Failure(f"record {number} has no key {key}")
    six = flow["ip_version"] == 6
    interop.equal("source", record["27" if six else "8"], flow["src_ip"])
    interop.equal("target", record["28" if six else "12"], flow["dst_ip"])


def check_form(probe, trace, form):
    header_bytes, settings = FORMS[form]
    settings = dict(settings)
    port = interop.free_port(socket.SOCK_STREAM)
    subscriber = Subscriber(port, settings)
    subscriber.start()
    endpoint = f"zmq:tcp://127.0.0.1:{port}"
    options = [word for key, value in settings.items()
               for word in ("--set", f"output.{endpoint}.{key}={value}")]
    try:
        flows = interop.run_probe(probe, trace, endpoint, options=options)
    finally:
        subscriber.stop()
    messages = [collector.decode(frames) for frames in subscriber.messages]
    records = [record for message in messages for record in message.get("records", [])]
    interop.equal(f"{form}: records", len(records), len(flows))
    for number, (record, flow) in enumerate(zip(records, flows)):
        check_record(number, record, flow)
    for frames, message in zip(subscriber.messages, messages):
        interop.equal("bytes of frame 1", len(frames[0]), header_bytes)
        interop.equal("source id", message["source"], 1)
    if not flows and not messages:
        return 0  # nothing to wait for a subscriber with
    interop.equal(f"{form}: message ids", [m["id"] for m in messages],
                  list(range(messages[0]["id"], messages[0]["id"] + len(messages))))
    topics = {message["topic"] for message in messages}
    interop.equal(f"{form}: topics", topics - {"flow"}, {"event", "template"})
    return len(flows)


def check(probe, trace):
    # every form on the trace of the house, some on those of others
    forms = list(FORMS) if "demo" in trace.parts else ["TLV", "JSON v1 packed"]
    counts = [check_form(probe, trace, form) for form in forms]
    return f"{counts[0]} records in {len(counts)} forms"


if __name__ == "__main__":
    sys.exit(interop.main(check, __doc__))
