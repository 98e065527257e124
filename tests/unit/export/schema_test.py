#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""JSON and CSV of real encoders, read by others: schema_test.py RECORDS_DUMP SOURCE_ROOT

Every JSON line validates against docs/flow.schema.json and has its keys in its order; the Community
ID is computed anew; CSV says the same as JSON.
"""

import base64
import csv
import hashlib
import io
import ipaddress
import json
import os
import shlex
import struct
import subprocess
import sys
from pathlib import Path

import jsonschema

ICMP_PAIRS = {1: [(8, 0), (10, 9), (13, 14), (15, 16), (17, 18)],
              58: [(128, 129), (130, 131), (133, 134), (135, 136), (139, 140), (144, 145)]}


def dump(probe, *args):
    # of a build for another machine
    wrapper = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
    return subprocess.run([*wrapper, probe, *args], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True).stdout


def community_id(flow):
    """The published pseudo code, seed 0."""
    proto = flow["proto"]
    src, dst = (ipaddress.ip_address(flow[k]).packed for k in ("src_ip", "dst_ip"))
    sport, dport, one_way = flow["src_port"], flow["dst_port"], False
    if proto in ICMP_PAIRS:
        sport, dport, one_way = flow["icmp_type"], flow["icmp_code"], True
        for pair in ICMP_PAIRS[proto]:
            if sport in pair:
                dport, one_way = pair[1 - pair.index(sport)], False
                break
    if not one_way and (src, sport) > (dst, dport):
        src, dst, sport, dport = dst, src, dport, sport
    data = b"\0\0" + src + dst + bytes([proto, 0])
    if proto in (1, 6, 17, 58, 132):
        data += struct.pack("!HH", sport, dport)
    return "1:" + base64.b64encode(hashlib.sha1(data).digest()).decode()


def csv_word(value):
    """One of several in a column."""
    text = str(value)
    if isinstance(value, str) and (not text or any(c in text for c in '", \r\n')):
        return '"' + text.replace('"', '""') + '"'
    return text


def csv_value(value):
    """What a JSON value looks like in CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(csv_word(v) for v in value)
    return str(value)


def check_lines(lines, schema):
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.FormatChecker())
    flows = []
    for line in lines:
        flow = json.loads(line.decode("utf-8"))
        validator.validate(flow)
        assert list(flow) == [k for k in schema["properties"] if k in flow], "order of keys"
        assert flow["community_id"] == community_id(flow), flow
        flows.append(flow)
    return flows


def check_schema_refuses(flow, schema):
    """The schema is not one that takes anything."""
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.FormatChecker())
    wrongs = [("proto", "6"), ("proto", None), ("proto", 256), ("first", "yesterday"),
              ("flow_id", "1"), ("end_reason", "tired"), ("src_ip", "nowhere"), ("extra", 1),
              ("schema", "ftprobe.flow/0"), ("l7_guessed", 0), ("src_mac", "02"),
              ("server_name", ""), ("packets", -1), ("l7_risk", [64])]
    for key, value in wrongs:
        assert not validator.is_valid({**flow, key: value}), (key, value)
    for key in schema["required"]:
        assert not validator.is_valid({k: v for k, v in flow.items() if k != key}), key


def main():
    probe, root = sys.argv[1], Path(sys.argv[2])
    schema = json.loads((root / "docs/flow.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    optional = [key for key in schema["properties"] if key not in schema["required"]]
    assert schema["required"] == [key for key in schema["properties"] if key not in optional]
    assert "nts_mean" in optional and "first" not in optional, "keys of processors"
    for args in ((), ("500",)):
        flows = check_lines(dump(probe, "json", *args).splitlines(), schema)
        text = dump(probe, "csv", *args).decode("utf-8")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert rows[0] == list(schema["properties"]), "the header of CSV"
        assert len(rows) == len(flows) + 1
        for row, flow in zip(rows[1:], flows):
            assert row == [csv_value(flow.get(key)) for key in rows[0]], (row, flow)
        print(f"{len(flows)} records: valid JSON, and CSV says the same")
    check_schema_refuses(flows[0], schema)


if __name__ == "__main__":
    main()
