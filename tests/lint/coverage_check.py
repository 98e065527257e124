#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks docs/coverage.md: no row without a state, an area or a reason, and no row missing.

usage: coverage_check.py [--paths] ROOT

--paths also demands that every file or folder of the tree that a `done` row names exists.
"""
import os
import re
import sys

PAGE = os.path.join("docs", "coverage.md")
HEADER = os.path.join("lib", "ft", "pfring_ft.h")
AREAS = ("library API", "speed", "IPFIX", "ZMQ", "processors", "service", "later")
FAMILIES = (("S", 84), ("Q", 59), ("R", 94))
MIN_REASON_CHARS = 8	# a bare reference such as "as R17" explains a refusal to nobody

FUNCTIONS = """
create_table destroy_table flow_set_flow_slicing set_new_flow_callback
set_flow_packet_callback set_l7_detected_callback set_flow_export_callback
set_flow_list_export_callback process housekeeping flush list_get_next flow_get_id
flow_get_key flow_get_value flow_get_ndpi_handle flow_set_action flow_get_action
flow_get_users flow_free zmq_export_configure zmq_export_flow zmq_export_stats
zmq_get_stats set_default_action load_configuration load_configuration_ext
set_shunt_protocol_by_name set_filter_all_protocols set_filter_protocol_by_name
l7_protocol_name l7_protocol_id set_ndpi_handle get_ndpi_handle load_ndpi_protocols
load_ndpi_categories is_ndpi_available get_stats version api_version license
set_license debug
""".split()

PROCESSORS = """
basic basicplus nettisa http rtsp tls dns passivedns sip ntp smtp pstats osquery ssdp
dnssd ovpn idpcontent netbios phists bstats wg quic icmp ssadetector vlan flowhash mpls
mqtt tcprtt scitags
""".split()


def cells_of(line):
    """The cells of a table line; a bar written as \\| belongs to its cell."""
    parts = re.split(r"(?<!\\)\|", line.strip())
    return [part.strip() for part in parts[1:-1]]


def read_tables(text):
    """Yields (heading, header cells, [(line number, cells)]) for each table of the page."""
    heading, header, rows, tables = "", None, [], []
    for number, line in enumerate(text.split("\n") + [""], 1):
        if line.startswith("|"):
            if header is None:
                header = cells_of(line)
            elif not re.fullmatch(r"\|(\s*:?-+:?\s*\|)+", line.strip()):
                rows.append((number, cells_of(line)))
            continue
        if header is not None:
            tables.append((heading, header, rows))
            header, rows = None, []
        if line.startswith("#"):
            heading = line.lstrip("# ")
    return tables


def check_state(state, text):
    """What is wrong with a row's state and its last cell, or None."""
    if state == "done":
        return None if text else "done, but the last column does not say where"
    if state == "refused":
        return None if len(text) >= MIN_REASON_CHARS else "refused without a reason"
    if state.startswith("planned"):
        area = state.partition(":")[2].strip()
        if area not in AREAS:
            return "planned without a known area (%s): '%s'" % (", ".join(AREAS), state)
        return None if text else "planned, but the last column says nothing"
    return "state is not done, planned or refused: '%s'" % state


def check_row(header, cells):
    """What is wrong with one row, or None."""
    if len(cells) != len(header):
        return "%d cells where the header has %d" % (len(cells), len(header))
    if not cells[0] or not cells[1]:
        return "a row needs a name and a capability"
    return check_state(cells[header.index("state")], cells[-1])


def missing_paths(root, header, cells):
    """Paths of the tree that a done row names and that do not exist."""
    if len(cells) != len(header) or cells[header.index("state")] != "done":
        return []
    named = re.findall(r"`((?:app|lib|docs|scripts|tests|config)/[\w./-]*)`", cells[-1])
    return [path for path in named if not os.path.exists(os.path.join(root, path))]


def check_tables(root, tables, with_paths):
    """All rows of all tables; returns (errors, {first cell: [states]}, rows)."""
    errors, states, count = [], {}, 0
    for heading, header, rows in tables:
        if "state" not in header:
            if heading != "Legend":
                errors.append("table without a state column under '%s'" % heading)
            continue
        for number, cells in rows:
            count += 1
            wrong = check_row(header, cells)
            if wrong:
                errors.append("line %d: %s" % (number, wrong))
                continue
            states.setdefault(cells[0], []).append(cells[header.index("state")])
            for path in missing_paths(root, header, cells) if with_paths else []:
                errors.append("line %d: done, but %s does not exist" % (number, path))
    return errors, states, count


def declared_functions(root):
    """Names of the functions that the installed header declares, if it is there."""
    path = os.path.join(root, HEADER)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    return re.findall(r"\b(pfring_ft_\w+)\s*\([^;{}]*\)\s*;", text)


def check_names(root, states):
    """Rows that must be there and are not, and ids that nobody knows or that repeat a state."""
    ids = ["%s%02d" % (letter, n) for letter, last in FAMILIES for n in range(1, last + 1)]
    functions = ["pfring_ft_" + name for name in FUNCTIONS]
    wanted = ids + ["`%s`" % name for name in functions + PROCESSORS]
    wanted += ["`%s`" % name for name in declared_functions(root) if name not in functions]
    errors = ["no row for %s" % name for name in wanted if name not in states]
    for name, found in states.items():
        if not re.fullmatch(r"[SQR]\d+", name):
            continue
        if name not in ids:
            errors.append("%s is no known row" % name)
        if len(set(found)) != len(found):
            errors.append("%s stands twice with the same state" % name)
    return errors


def check_text(text, tables):
    """The legend explains every area, and rows refer only to rows that exist."""
    legend = [row[0] for heading, _, rows in tables if heading == "Legend" for _, row in rows]
    words = ["done", "refused"] + ["planned: " + area for area in AREAS]
    errors = ["the legend does not explain '%s'" % word for word in words if word not in legend]
    last = dict(FAMILIES)
    for letter, number in re.findall(r"\b([SQR])(\d\d)\b", text):
        if not 1 <= int(number) <= last[letter]:
            errors.append("reference to %s%s, which is no row" % (letter, number))
    return errors


def main(argv):
    with_paths = "--paths" in argv
    roots = [arg for arg in argv[1:] if arg != "--paths"]
    if len(roots) != 1:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    path = os.path.join(roots[0], PAGE)
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        print("coverage_check: %s" % error, file=sys.stderr)
        return 1
    tables = read_tables(text)
    errors, states, count = check_tables(roots[0], tables, with_paths)
    errors += check_names(roots[0], states) + check_text(text, tables)
    for error in errors:
        print("%s: %s" % (PAGE, error), file=sys.stderr)
    if errors:
        return 1
    tally = {}
    for found in states.values():
        for state in found:
            tally[state] = tally.get(state, 0) + 1
    print("coverage: %d rows" % count)
    for state in sorted(tally):
        print("  %-22s %d" % (state, tally[state]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
