# SPDX-License-Identifier: BSD-3-Clause
"""A pcap case under construction: each packet is added together with what must become of it."""

import json
import textwrap
import time

import tracefile

START_NS = 1700000000 * 10**9  # 2023-11-14T22:13:20Z
STEP_S = 0.01
MAC = bytes.fromhex("020000000002020000000001")  # destination, source


def eth(ethertype, tags=b""):
    """A function that puts an Ethernet header (and tags before the type) in front of a packet."""
    return lambda packet: MAC + tags + ethertype.to_bytes(2, "big") + packet


def eth_ip(packet):
    return eth(0x86DD if packet[0] >> 4 == 6 else 0x0800)(packet)


class Case:
    def __init__(self, name, why, options="", **file):
        self.name, self.why, self.options = name, why, options
        self.file = {"suffix": "pcap", "link": 1, "ns": False, "big": False, "interfaces": None,
                     "cut": 0, **file}
        self.records, self.flows, self.drops = [], {}, {}
        self.expect = {}  # keys that go into expect.json as they are
        self.content = None
        self.exact = True
        self.ip_packets = self.ip_bytes = self.flow_bytes = 0
        self._at_s = 0.0

    def flow(self, label, src, dst, sport=0, dport=0, proto=17, **more):
        """Declare a record. `more` sets further keys; None leaves a key out of the expectation."""
        self.flows[label] = {
            "src_ip": src, "dst_ip": dst, "src_port": sport, "dst_port": dport, "proto": proto,
            "vlan": 0, "packets": 0, "rev_packets": 0, "bytes": 0, "rev_bytes": 0,
            "end_reason": "forced", **more}

    def _record(self, frame, at_s, wire, cut, interface):
        self._at_s = self._at_s + STEP_S if at_s is None else at_s
        frame = bytes(frame)
        wire = len(frame) if wire is None else wire
        data = frame if cut is None else frame[:cut]
        self.records.append((START_NS + round(self._at_s * 1e9), data, wire, interface))

    def ip(self, label, packet, wrap=eth_ip, n=None, outer=None, at=None, wire=None, cut=None,
           interface=0):
        """An IP packet of the flow `label`; "-label" for its other direction. `n` is the length
        that the flow must count, `outer` that of the outermost header where it is another one."""
        packet = bytes(packet)
        n = len(packet) if n is None else n
        self._record(wrap(packet), at, wire, cut, interface)
        rev = "rev_" if label.startswith("-") else ""
        flow = self.flows[label.lstrip("-")]
        flow[rev + "packets"] += 1
        flow[rev + "bytes"] += n
        self.ip_packets += 1
        self.flow_bytes += n
        self.ip_bytes += n if outer is None else outer

    def drop(self, reason, frame, at=None, wire=None, cut=None, interface=0):
        self._record(frame, at, wire, cut, interface)
        self.drops[reason] = self.drops.get(reason, 0) + 1

    def tshark(self, why, packets, octets):
        """How much more IP than the probe tshark sees in this trace, and why."""
        self.expect["tshark"] = {"why": why, "ip_packets": self.ip_packets + packets,
                                 "ip_bytes": self.ip_bytes + octets}

    # ---- files ----

    def refuse(self, content):
        """A file that the probe must not take: `content` is all of it."""
        self.content = content
        self.expect = {"exit": 1, "stderr": "input." + self.file["suffix"]}

    def trace(self):
        f = self.file
        if self.content is not None:
            return self.content
        if f["interfaces"]:
            data = tracefile.pcapng(self.records, f["interfaces"], f["big"])
        else:
            data = tracefile.pcap(self.records, f["link"], f["ns"], f["big"])
        return data[:len(data) - f["cut"]]

    def expectation(self):
        if self.content is not None:
            return json.dumps(self.expect) + "\n"
        whole = len(self.records) - (1 if self.file["cut"] else 0)
        head = {"exit": 0, "packets": whole, "ip_packets": self.ip_packets,
                "ip_bytes": self.ip_bytes, "drops": self.drops, "flows_exact": self.exact}
        if self.flow_bytes != self.ip_bytes:
            head["flow_bytes"] = self.flow_bytes
        head.update(self.expect)
        flows = [json.dumps({k: v for k, v in f.items() if v is not None})
                 for f in self.flows.values()]
        body = "\n  " + ",\n  ".join(flows) + "\n" if flows else ""
        return json.dumps(head)[:-1] + f', "flows": [{body}]}}\n'

    def readme(self, module):
        why = textwrap.fill(f"Why: {self.why}", 98, break_on_hyphens=False)
        return (f"# {self.name}\n\n{why}\n\n"
                "Whence: built packet by packet, not captured.\n\n"
                f"How made: `tests/traffic/build.py {self.name}`, from `tests/traffic/{module}.py`."
                "\nThe expectation is the builder's own knowledge of each packet.\n")


def rfc3339(at_s, digits=9):
    """The text of a time of this case, as records carry it."""
    at_ns = START_NS + round(at_s * 1e9)
    fraction = f"{at_ns % 10**9:09d}"[:digits].ljust(9, "0")
    return time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(at_ns // 10**9)) + fraction + "Z"
