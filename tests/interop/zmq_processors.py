#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What processors say reaches collectors over ZMQ as JSON has it, by the names of the template.

  zmq_processors.py PROBE TRACE_DIR
"""

import csv
import math
import socket
import sys

sys.dont_write_bytecode = True
import interop  # noqa: E402  (nothing is written beside it)
import zmq_subscriber  # noqa: E402

PROCESSORS = ("--processors", "all")
FORMS = ({}, {"format": "json"}, {"format": "json-names", "header": "v3", "compression": "yes"})


def get(probe, trace, settings, options):
    """The messages of a run, and its records in JSON."""
    port = interop.free_port(socket.SOCK_STREAM)
    subscriber = zmq_subscriber.Subscriber(port, settings)
    subscriber.start()
    endpoint = f"zmq:tcp://127.0.0.1:{port}"
    words = [word for key, value in settings.items()
             for word in ("--set", f"output.{endpoint}.{key}={value}")]
    try:
        flows = interop.run_probe(probe, trace, endpoint, options=words + list(options))
    finally:
        subscriber.stop()
    return [zmq_subscriber.collector.decode(frames) for frames in subscriber.messages], flows


def names_of(messages):
    """Of texts that are keys: "PEN.ID" as the template names it."""
    return {f"{entry['PEN']}.{entry['field']}": entry["name"]
            for message in messages if message["topic"] == "template"
            for entry in message["body"] if entry["PEN"] in (8057, 39499)}


def as_text(value):
    return str(value) if isinstance(value, (int, str)) else repr(value)


def same(told, value):
    """A list is a line of CSV; a float has 32 bits."""
    if isinstance(value, list):
        return next(csv.reader([told])) == [as_text(v) for v in value]
    if isinstance(value, float) or isinstance(told, float):
        return math.isclose(told, value, rel_tol=1e-6)
    return told == value


def check_flow(number, record, flow, names, keys):
    told = {names.get(key, key): value for key, value in record.items()
            if "." in key or key in keys}
    want = {key: flow[key] for key in keys
            if flow.get(key) not in (None, "", []) and
            not (isinstance(flow[key], list) and set(flow[key]) == {""})}
    interop.equal(f"keys of record {number}", sorted(told), sorted(want))
    for key, value in want.items():
        if not same(told[key], value):
            raise interop.Failure(f"record {number}: {key} is {told[key]!r}, not {value!r}")
    return len(want)


def check_form(probe, trace, settings, options, plain):
    messages, flows = get(probe, trace, dict(settings), (*PROCESSORS, *options))
    names = names_of(messages)
    records = [record for message in messages for record in message.get("records", [])]
    interop.equal("records", len(records), len(flows))
    if flows and not names:
        raise interop.Failure("the template names no key of a processor")
    return sum(check_flow(number, record, flow, names, set(flow) - plain)
               for number, (record, flow) in enumerate(zip(records, flows)))


def check(probe, trace):
    count = 0
    # the keys without processors
    messages, flows = get(probe, trace, {}, ("--processors", "none"))
    plain = {key for flow in flows for key in flow}
    interop.equal("keys of processors that do not run", names_of(messages), {})
    for options in ((), ("--set", "dpi.records=transaction")):
        for settings in FORMS:
            count += check_form(probe, trace, settings, options, plain)
    return f"{count} values"


if __name__ == "__main__":
    sys.exit(interop.main(check, __doc__))
