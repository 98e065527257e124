# SPDX-License-Identifier: BSD-3-Clause
"""When a record ends: timeouts in packet time, and the ways in which TCP ends."""

from case import Case, rfc3339
from packets import A4, A6, B4, B6, HELLO, tcp, udp

IDLE_S, ACTIVE_S, LINGER_S = 30, 120, 2  # the defaults of the probe


def timeout_idle():
    case = Case("timeout-idle", "no packet for the idle timeout (30 s) ends a record, of which the "
                "next packet begins another; a gap a little shorter does not. A flow that went "
                "silent ends idle, too, when the time of other packets passes it by.")
    case.flow("before", A4, B4, 40001, 50000, end_reason="idle", last=rfc3339(1))
    case.flow("after", A4, B4, 40001, 50000, first=rfc3339(32))
    case.flow("steady", A4, B4, 40002, 50000)
    case.flow("silent", A6, B6, 40003, 50000, end_reason="idle")
    case.ip("before", udp(A4, B4, 40001, 50000), at=0)
    case.ip("steady", udp(A4, B4, 40002, 50000), at=0.5)
    case.ip("-before", udp(B4, A4, 50000, 40001), at=1)
    case.ip("silent", udp(A6, B6, 40003, 50000), at=2)
    case.ip("-steady", udp(B4, A4, 50000, 40002), at=29.5)
    case.ip("after", udp(A4, B4, 40001, 50000), at=32)
    case.ip("steady", udp(A4, B4, 40002, 50000), at=59)
    return case


def timeout_active(name, options, first_s, last_s):
    case = Case(name, "a flow with a packet each second is cut at the active timeout; what follows "
                "is a new record of the same direction, though a packet of the other one opens it.",
                options=options)
    edges = list(range(0, last_s + 1, first_s))
    for i, start in enumerate(edges):
        end = "forced" if i == len(edges) - 1 else "active"
        case.flow(str(i), A4, B4, 40001, 50000, end_reason=end, first=rfc3339(start))
    for second in range(last_s + 1):
        label = str(second // first_s)
        # the packet that opens a later record is of the other direction
        if second % first_s == 0 and second:
            case.ip("-" + label, udp(B4, A4, 50000, 40001), at=second)
        else:
            case.ip(label, udp(A4, B4, 40001, 50000), at=second)
    return case


def timeout_options():
    case = Case("timeout-options", "`--idle-timeout` in place of the default.",
                options="--idle-timeout 5")
    case.flow("one", A4, B4, 40001, 50000, end_reason="idle")
    case.flow("two", A4, B4, 40001, 50000)
    case.ip("one", udp(A4, B4, 40001, 50000), at=0)
    case.ip("one", udp(A4, B4, 40001, 50000), at=4)
    case.ip("two", udp(A4, B4, 40001, 50000), at=10)
    return case


def time_backwards():
    case = Case("time-backwards", "packets out of order in time stay in their flow and end "
                "nothing, not even when the clock of the capture steps back further than the idle "
                "timeout.")
    case.flow("a", A4, B4, 40001, 50000)
    for i, at in enumerate((10, 9, 11, 10.5)):
        case.ip("-a" if i % 2 else "a",
                udp(B4, A4, 50000, 40001) if i % 2 else udp(A4, B4, 40001, 50000), at=at)
    case.flow("b", A6, B6, 40002, 50000)
    case.ip("b", udp(A6, B6, 40002, 50000), at=20)
    case.ip("b", udp(A6, B6, 40002, 50000), at=-80)
    case.ip("b", udp(A6, B6, 40002, 50000), at=21)
    return case


def slices():
    case = Case("slices", "`--slice-timeout`: a long flow is reported in slices that sum up to it.",
                options="--slice-timeout 10")
    case.exact = False
    case.flow("a", A4, B4, 40001, 50000)
    for second in range(36):
        case.ip("a", udp(A4, B4, 40001, 50000), at=second)
    # Where a slice ends within the second is not promised: the runner checks the sums.
    case.flows["a"] = {"src_ip": A4, "dst_ip": B4, "src_port": 40001, "dst_port": 50000,
                       "end_reason": "slice"}
    return case


# ---- TCP ----

class Dialogue:
    """A TCP connection of a case: sequence numbers kept, label and direction said once."""

    def __init__(self, case, label, port, a=A4, b=B4, at=0.0, **flow):
        self.case, self.label, self.port, self.a, self.b = case, label, port, a, b
        self.seq = {a: 1000, b: 5000}
        self.at = at
        case.flow(label, a, b, port, 80, 6, **flow)

    def send(self, flags, back=False, data=b"", at=None, label=None, unseen=0):
        """One segment; `unseen` bytes of the peer had not arrived when it was sent."""
        src, dst = (self.b, self.a) if back else (self.a, self.b)
        sport, dport = (80, self.port) if back else (self.port, 80)
        self.at = self.at + 0.01 if at is None else at
        packet = tcp(src, dst, sport, dport, flags, self.seq[src], self.seq[dst] - unseen,
                     data)
        self.seq[src] += len(data) + sum(f in flags for f in "SF")
        label = label or self.label
        self.case.ip("-" + label if back else label, packet, at=self.at)
        return self

    def open(self):
        return self.send("S").send("SA", True).send("A")

    def exchange(self):
        return self.send("PA", data=HELLO).send("PA", True, HELLO * 3).send("A")


def tcp_ends():
    case = Case("tcp-ends", "the ways in which TCP ends: FIN from both sides, simultaneous close, "
                "RST from either side, a refused connection: all `end`; half close and a "
                "connection that just goes on: `forced`. Late packets stay with their flow.")
    end = {"end_reason": "end"}
    Dialogue(case, "fin", 40001, **end).open().exchange() \
        .send("FA").send("FA", True).send("A").send("A", True)  # a late ACK
    Dialogue(case, "simultaneous", 40002, at=0.2, **end).open() \
        .send("FA").send("FA", True, unseen=1).send("A").send("A", True)
    Dialogue(case, "reset", 40003, at=0.4, **end).open().exchange().send("R", True) \
        .send("A").send("R", True)
    Dialogue(case, "aborted", 40004, at=0.6, **end).open().send("RA")
    Dialogue(case, "refused", 40005, at=0.8, **end).send("S").send("RA", True)
    Dialogue(case, "half", 40006, at=1.0).open().send("FA").send("A", True) \
        .send("PA", True, HELLO).send("A")
    Dialogue(case, "goes on", 40007, at=1.2).open().exchange()
    Dialogue(case, "six", 40008, A6, B6, at=1.4, **end).open().exchange() \
        .send("FA", True).send("A").send("FA").send("A", True)
    unanswered = Dialogue(case, "syn only", 40009, at=1.6)
    for _ in range(3):
        unanswered.seq[A4] = 1000
        unanswered.send("S")
    # joined in the middle: the first packet seen gives the direction
    Dialogue(case, "middle", 40010, B4, A4, at=1.8).send("PA", data=HELLO).send("A", True)
    return case


def tcp_reuse():
    case = Case("tcp-reuse", "a SYN on the ports of a connection that ended less than the linger "
                "time ago begins a new record, after FIN as after RST; a packet without SYN does "
                "not, and one that comes after that time does.")
    end = {"end_reason": "end"}
    one = Dialogue(case, "fin 1", 40001, **end).open().send("FA").send("FA", True).send("A")
    case.flow("fin 2", A4, B4, 40001, 80, 6, first=rfc3339(0.5))
    one.send("S", at=0.5, label="fin 2").send("SA", True, label="fin 2").send("A", label="fin 2")

    two = Dialogue(case, "rst 1", 40002, at=0.6, **end).open().send("R", True)
    case.flow("rst 2", A4, B4, 40002, 80, 6, first=rfc3339(1.5))
    two.send("S", at=1.5, label="rst 2").send("SA", True, label="rst 2")

    # the other side opens the next connection: its direction is the other one
    three = Dialogue(case, "turn 1", 40003, at=1.6, **end).open().send("FA").send("FA", True) \
        .send("A")
    case.flow("turn 2", B4, A4, 80, 40003, 6)
    three.case.ip("turn 2", tcp(B4, A4, 80, 40003, "S", 9000), at=2.0)
    three.case.ip("-turn 2", tcp(A4, B4, 40003, 80, "SA", 7000, 9001), at=2.01)

    # an ACK 1 s after the end is late, one 5 s after it belongs to nothing known
    four = Dialogue(case, "late", 40004, at=2.1, **end).open().send("FA").send("FA", True) \
        .send("A", at=3.1)
    case.flow("later", A4, B4, 40004, 80, 6, first=rfc3339(8))
    four.send("A", at=8, label="later")
    return case


def cases():
    return (timeout_idle(), timeout_active("timeout-active", "", ACTIVE_S, 130),
            timeout_active("timeout-active-options", "--active-timeout 20 --idle-timeout 10", 20,
                           65),
            timeout_options(), time_backwards(), slices(), tcp_ends(), tcp_reuse())
