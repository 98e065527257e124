#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The IPFIX of each pcap case says of each flow, element by element, what its JSON says.

  ipfix_cases.py PROBE CASES_DIR

What the JSON has to say of the packets stands in each case (run_cases.py). Here every element is
decoded by its type in docs/elements.md, strictly by RFC 7011 and 6313, in every profile with all
processors; and ipfixDump finds nothing wrong.
"""

import ipaddress
import json
import re
import shlex
import struct
import subprocess
import sys
import tempfile
from collections import defaultdict, namedtuple
from datetime import datetime, timezone
from pathlib import Path

sys.dont_write_bytecode = True
import interop  # noqa: E402  (nothing is written beside it)
import ipfix_file  # noqa: E402

ELEMENTS = Path(__file__).resolve().parent.parent.parent / "docs" / "elements.md"
OWN_PEN, REVERSE_PEN, BASIC_LIST = 32473, 29305, 291
NTP_EPOCH_S = 2208988800
VARIABLE = 65535
END_REASONS = {"idle": 1, "active": 2, "slice": 2, "end": 3, "forced": 4, "overflow": 5}

Element = namedtuple("Element", "key type")
Field = namedtuple("Field", "pen id width")


def number(text):
    """An enterprise and an id; None where there is none."""
    pen, _, ident = text.partition("/")
    return (OWN_PEN if pen == "own" else int(pen), int(ident)) if ident else None


def elements():
    """By number, for the profile ntop and for the others: key in JSON and type of each row."""
    usual, ntop = defaultdict(list), defaultdict(list)
    for line in ELEMENTS.read_text(encoding="utf-8").splitlines():
        cells = [c.strip() for c in line.strip("|").split(" | ")]
        if len(cells) < 12 or not re.fullmatch(r"`?[a-z0-9_]+`?", cells[0].lstrip("| ")):
            continue
        element = Element(cells[0].lstrip("| ").strip("`"), cells[3].split(",")[0])
        if number(cells[1]):
            usual[number(cells[1])].append(element)
            ntop[number(cells[2]) or number(cells[1])].append(element)
    return usual, ntop


# ---- IPFIX ---------------------------------------------------------------------------------------

def template(data, at):
    """An (options) template's fields, and where they end; `at` is behind its counts."""
    ident, width = struct.unpack_from("!HH", data, at)
    at, pen = at + 4, 0
    if ident & 0x8000:
        pen, at = struct.unpack_from("!I", data, at)[0], at + 4
    return Field(pen, ident & 0x7FFF, width), at


def templates(data, is_options, known):
    at = 0
    while at < len(data):
        ident, count = struct.unpack_from("!HH", data, at)
        at += 6 if is_options else 4
        fields = []
        for _ in range(count):
            field, at = template(data, at)
            fields.append(field)
        known[ident] = (is_options, fields)


def values(data, fields):
    """The values of data records."""
    at = 0
    while at < len(data):
        record = []
        for f in fields:
            width = f.width
            if width == VARIABLE:
                width, at = data[at], at + 1
                if width == 255:
                    width, at = struct.unpack_from("!H", data, at)[0], at + 2
            record.append(data[at:at + width])
            if len(record[-1]) != width:
                raise interop.Failure("a record is longer than its set")
            at += width
        yield list(zip(fields, record))


def records(path, options=False):
    """(export time, fields with their bytes) of each flow, or of each options record."""
    data, at, known = path.read_bytes(), 0, {}
    while at < len(data):
        version, length, export_s = struct.unpack_from("!HHI", data, at)
        interop.equal("a message's version", version, 10)
        end, at = at + length, at + 16
        while at < end:
            ident, size = struct.unpack_from("!HH", data, at)
            body = data[at + 4:at + size]
            at += size
            if ident in (2, 3):
                templates(body, ident == 3, known)
            elif known[ident][0] == options:
                for record in values(body, known[ident][1]):
                    yield export_s, record


def unix_ns(data, nanoseconds):
    if not nanoseconds:
        return int.from_bytes(data, "big") * 10**6
    seconds, fraction = struct.unpack("!II", data)
    if seconds == fraction == 0:
        return 0
    return (seconds - NTP_EPOCH_S) % (1 << 32) * 10**9 + fraction * 10**9 // (1 << 32)


def variable_values(data, at):
    """Values with their length before each (RFC 7011 7)."""
    found = []
    while at < len(data):
        width, at = data[at], at + 1
        if width == 255:
            width, at = struct.unpack_from("!H", data, at)[0], at + 2
        found.append(data[at:at + width])
        if len(found[-1]) != width:
            raise interop.Failure("a list is cut within a value")
        at += width
    return found


def basic_list(data):
    """RFC 6313 4.5.1: number and values."""
    semantic, ident, width = struct.unpack_from("!BHH", data)
    interop.equal("the semantic of a list", semantic, 3)
    pen, at = (struct.unpack_from("!I", data, 5)[0], 9) if ident & 0x8000 else (0, 5)
    if width == VARIABLE:
        return (pen, ident & 0x7FFF), variable_values(data, at)
    if (len(data) - at) % width:
        raise interop.Failure("a list is cut within a value")
    return (pen, ident & 0x7FFF), [data[i:i + width] for i in range(at, len(data), width)]


# ---- against JSON --------------------------------------------------------------------------------

def json_ns(text):
    """Nanoseconds since 1970 of an RFC 3339 time, of which datetime knows microseconds only."""
    head, fraction = text.rstrip("Z").split(".")
    seconds = datetime.fromisoformat(head).replace(tzinfo=timezone.utc).timestamp()
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0"))


def of_key(key, kind, want):
    """What JSON says, as a number, bytes or text of the element; some are told otherwise there."""
    if key == "flow_id":
        return int(want, 16)
    if key == "end_reason":
        return END_REASONS[want]
    if key == "l7_risk":
        return sum(1 << n for n in want or [])
    if kind == "octetArray" and isinstance(want, str):
        return bytes.fromhex(want)
    if key in ("tcp_flags", "rev_tcp_flags"):
        return want & 0xFF if want is not None else 0
    return want


def decode(field, kind, data):
    """Bytes as what JSON has for such a type."""
    if kind == "string":
        return data.decode("utf-8", "backslashreplace")
    if kind.startswith("unsigned"):
        return int.from_bytes(data, "big")
    if kind.startswith("signed"):
        return int.from_bytes(data, "big", signed=True)
    if kind == "float32":
        return struct.unpack("!f", data)[0]
    if kind == "boolean":
        if data not in (b"\1", b"\2"):
            raise interop.Failure(f"a boolean is {data}")
        return data == b"\1"
    if kind in ("ipv4Address", "ipv6Address"):
        return ipaddress.ip_address(data)
    if kind == "macAddress":
        return data.hex(":")
    if kind == "dateTimeMilliseconds":
        return unix_ns(data, field.width == 8 and field.id in (156, 157))
    return data


def empty_of(kind):
    return {"string": "", "boolean": False, "float32": 0.0, "macAddress": "00:00:00:00:00:00",
            "ipv4Address": ipaddress.ip_address("0.0.0.0"), "octetArray": b"",
            "ipv6Address": ipaddress.ip_address("::")}.get(kind, 0)


def same(kind, got, want):
    if want is None:
        return got == empty_of(kind) or (isinstance(got, bytes) and not any(got))
    if kind == "float32":
        return abs(got - want) <= 1e-6 * abs(want)
    if kind in ("ipv4Address", "ipv6Address"):
        want = ipaddress.ip_address(want)
        mapped = getattr(got, "ipv4_mapped", None)
        return want in (got, mapped)
    if kind.startswith("dateTime"):
        ns = json_ns(want)
        return got in (ns, ns // 10**6 * 10**6)
    return got == want


def list_wanted(record, key):
    """The values of a list as JSON tells them: times as numbers of milliseconds or as text."""
    want = record.get(key) or []
    if not isinstance(want, list):
        return [want]
    return [json_ns(v) // 10**6 if re.fullmatch(r"[0-9-]+T.*Z", str(v)) else v for v in want]


def list_told(kind, found):
    """The values of a list as JSON has them."""
    if "string" in kind:
        return [v.decode("utf-8", "backslashreplace") for v in found]
    if "octetArray" in kind:
        return [v.hex() for v in found]
    signed = "signed8" in kind and "unsigned" not in kind
    return [int.from_bytes(v, "big", signed=signed) for v in found]


def check_list(known, data, record):
    ident, got = basic_list(data)
    if ident == (OWN_PEN, 7):
        interop.equal("l7_risk as a list", [v[0] for v in got], sorted(record["l7_risk"] or []))
        return
    # a number may be of several rows
    wants = {e.key: list_wanted(record, e.key) for e in known[ident]}
    told = [list_told(e.type, got) for e in known[ident]]
    if not any(t == w for t, w in zip(told, wants.values())):
        raise interop.Failure(f"the list {ident} is {told}, the probe's JSON says {wants}")


def special(field, data, record):
    """Elements that stand for something else in JSON; whether this was one."""
    ident = (field.pen, field.id)
    if ident in ((0, 32), (0, 139)):
        interop.equal("icmpTypeCode", int.from_bytes(data, "big"),
                      record["icmp_type"] * 256 + record["icmp_code"])
    elif ident == (0, 351):
        vxlan = (record["tunnel_type"] or "").startswith("vxlan")
        interop.equal("layer2SegmentId", int.from_bytes(data, "big"),
                      1 << 56 | record["tunnel_id"] if vxlan else 0)
    elif ident == (0, 296):
        interop.equal("greKey", int.from_bytes(data, "big"),
                      record["tunnel_id"] if record["tunnel_type"] == "gre" else 0)
    elif ident in ((0, 70), (0, 71), (0, 72)):
        label = record.get(f"mpls_label_{field.id - 69}")
        interop.equal("an MPLS label", int.from_bytes(data, "big") >> 4, label or 0)
    elif ident == (0, 95):
        app = record["l7_app_id"] or record["l7_master_id"] or 0
        interop.equal("applicationId", int.from_bytes(data[-2:], "big"), app)
    else:
        return False
    return True


def check_field(known, field, data, record):
    """False for an element that JSON does not have."""
    if field.id == BASIC_LIST and field.pen == 0:
        check_list(known, data, record)
        return True
    if special(field, data, record):
        return True
    ident = field.id - 4 if field.pen in (0, REVERSE_PEN) and field.id in (156, 157) else field.id
    rows = known.get((field.pen, ident))
    if not rows:
        raise interop.Failure(f"{field.pen}/{field.id} is in no line of elements.md")
    rows = [e for e in rows if e.key in record]
    for element in rows:
        if same(element.type, decode(field, element.type, data),
                of_key(element.key, element.type, record[element.key])):
            return True
    if rows:
        wants = {e.key: record[e.key] for e in rows}
        raise interop.Failure(f"{field.pen}/{field.id} is {data!r}, the probe's JSON says {wants}")
    return False


def check_file(known, path, flows):
    """How many values were compared."""
    found, compared = list(records(path)), 0
    interop.equal("the number of records", len(found), len(flows))
    for (export_s, record), flow in zip(found, flows):
        for field, data in record:
            compared += check_field(known, field, data, flow)
        if json_ns(flow["last"]) > export_s * 10**9:
            raise interop.Failure(f"a flow ends at {flow['last']}, after its export")
    return compared


def check_last_numbers(path, stats):
    """O5: what the last options records say is what the probe reports itself."""
    told = {}
    for _, record in records(path, options=True):
        told.update({f.id: int.from_bytes(v, "big") for f, v in record if f.pen == 0})
    out = stats["outputs"][path.stem]
    lost = sum(out["dropped"].values())
    sampled_out = stats["dropped"]["sampled_out"]
    want = {42: out["sent"], 166: lost, 165: stats["ignored_bytes"],
            164: sum(stats["dropped"].values()) - sampled_out,
            318: stats["rx_packets"], 319: stats["rx_packets"] - sampled_out}
    for ident, value in want.items():
        interop.equal(f"element {ident} of the last options record", told.get(ident), value)


def check(probe, case):
    trace = next(case.glob("input.*"))
    options = shlex.split((case / "options").read_text(encoding="utf-8"))
    usual, ntop = elements()
    compared = 0
    with tempfile.TemporaryDirectory(prefix="ftprobe-cases-") as tmp:
        sections, paths = [], []
        for profile in ("compat", "full", "ntop"):
            form = interop.Form(profile, "yes", "ipfix")
            paths.append(Path(tmp) / f"{profile}.ipfix")
            sections.append(interop.ipfix_section(paths[-1], form))
        sections[1].update(pen=OWN_PEN, fields="all")
        stats = Path(tmp) / "stats.json"
        flows = interop.run_probe(
            probe, trace, sections=sections, names=[path.stem for path in paths],
            options=[*options, "--processors", "all", "--stats-json", str(stats)])
        counted = json.loads(stats.read_text(encoding="utf-8"))
        for path, known in zip(paths, (usual, usual, ntop)):
            try:
                compared += check_file(known, path, flows)
                ipfix_file.dump(path)
                check_last_numbers(path, counted)
            except interop.Failure as err:
                raise interop.Failure(f"{path.stem}: {err}") from err
    return f"{len(flows)} records, {compared} values"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    failed = n = 0
    for expect in sorted(Path(sys.argv[2]).glob("*/expect.json")):
        if json.loads(expect.read_text(encoding="utf-8")).get("exit", 0):
            continue
        n += 1
        try:
            print(f"ok   {expect.parent.name}: {check(sys.argv[1], expect.parent)}", flush=True)
        except (interop.Failure, subprocess.TimeoutExpired) as err:
            print(f"FAIL {expect.parent.name}: {err}", flush=True)
            failed += 1
    print(f"{n - failed} passed, {failed} failed")
    return 1 if failed or not n else 0


if __name__ == "__main__":
    interop.need(("ipfixDump", "libfixbuf-tools"))
    sys.exit(main())
