#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Reloads of a probe under traffic: reload.py live|file FTPROBE [RELOADS]

live: UDP flows over a veth pair, and a SIGHUP after each of many changes of the file, half of them
broken. Nothing is lost: every packet of every flow stands in the records of an output that stays,
every output has a name for each record that it was given, files and memory do not grow.
file: the same with a capture from a pipe and one CPU, where one thread is lane and exporter.
Needs root for live (77 otherwise)."""

import json
import os
import random
import re
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from interop import Failure, wait_until  # noqa: E402
from live_blast import frame  # noqa: E402

FLOWS = 300
BATCH = 30
BATCH_S = 0.005
RELOADS = 100
TOLD_S = 30
# What a run may grow by: heap that is in pieces, not what is forgotten a hundred times.
GROWTH_KB = 6000
TELLS = re.compile(r"reloaded |kept the old configuration")
CLOSED = re.compile(r"output (\S+) is closed: of (\d+) records (\d+) sent, (\d+) in doubt, "
                    r"(\d+) dropped, (\d+) queued")


def good(n, where, port):
    """A configuration that is fine; its parts change with n, each at its own pace."""
    more = {
        "json": f"[output json]\ntype = json\ntarget = {where}/lines.json\n"
                f"queue_records = {1000 + n % 3}\n",
        "csv": f"[output csv]\ntype = csv\ntarget = {where}/lines.csv\nqueue_records = "
               f"{1000 + n % 4}\n",
        "null": "[output null]\ntype = null\n",
        "udp": f"[output udp]\ntype = ipfix\ntarget = udp://127.0.0.1:9\n"
               f"profile = {('compat', 'full', 'ntop')[n % 3]}\n",
        "gone": "[output gone]\ntype = ipfix\ntarget = tcp://127.0.0.1:1\nreconnect = 100ms\n",
        "bound": f"[output bound]\ntype = zmq\ntarget = tcp://127.0.0.1:5{n % 2}56\n"
                 f"batch = {1 + n % 5}\n",
        "zmq": f"[output zmq]\ntype = zmq\nmode = connect\ntarget = tcp://127.0.0.1:2\n"
               f"flush_ms = {10 + n % 2}\n",
        "ipfix": f"[output ipfix]\ntype = ipfix\ntarget = {where}/stays.ipfix\n"
                 f"biflow = {('yes', 'no')[n % 2]}\n",
        "turns": f"[output turns]\ntype = ipfix\ntarget = {where}/turns.ipfix\nrotate_time = "
                 f"{60 + n % 3}s\n",
    }
    chosen = random.Random(n).sample(sorted(more), 4) if n else []
    return (
        f"[probe]\nstop_timeout = 200ms\nlog_level = {('notice', 'info', 'debug')[n % 3]}\n"
        f"[lane]\nbpf = {('udp', 'udp and net 198.18.0.0/15')[n % 2]}\n"
        f"exclude_own_export = {('yes', 'no')[n % 5 == 4]}\n"
        f"[table]\nmax_flows = {(65536, 65537)[n % 7 == 6]}\n"
        f"idle_timeout = {('1s', '400ms', '20s', '3s')[n % 4]}\n"
        f"active_timeout = {('60s', '900ms', '7s')[n % 3]}\n"
        f"slice_timeout = {('off', '500ms')[n % 2]}\ntcp_linger = {1 + n % 3}s\n"
        f"[dpi]\nprocessors = {('none', 'pstats', 'all', 'mpls,phists')[n % 4]}\n"
        "processors_room = all\n"
        f"[output keeper]\ntype = json\ntarget = {where}/keeper.json\n"
        + "".join(more[name] for name in chosen) + port)


def truncated(n, text):
    return text[:random.Random(n).randrange(len(text))]


# What may be wrong, and whether the probe must say so; a part of a file may still be one.
BROKEN = (
    ("truncated", truncated, False),
    ("bad value", lambda n, t: t.replace("idle_timeout = ", "idle_timeout = x"), True),
    ("bad key", lambda n, t: t.replace("tcp_linger", "tcp_lingre"), True),
    ("bad section", lambda n, t: t.replace("[table]", "[tabel]"), True),
    ("bad filter", lambda n, t: t.replace("bpf = udp", "bpf = udp and and"), True),
    ("bad processor", lambda n, t: t.replace("processors_room = all", "processors_room = al"),
     True),
    ("no folder", lambda n, t: "[output x]\ntype = json\ntarget = /nonexistent/x.json\n" + t, True),
    ("a folder", lambda n, t: "[output x]\ntype = csv\ntarget = /\n" + t, True),
    ("one file twice", lambda n, t: "[output x]\ntype = json\ntarget = twice\n"
                                    "[output y]\ntype = json\ntarget = twice\n" + t, True),
    ("one address twice", lambda n, t: "[output x]\ntype = zmq\ntarget = tcp://127.0.0.1:5600\n"
                                       "[output y]\ntype = zmq\ntarget = tcp://127.0.0.1:5600\n"
                                       + t, True),
    ("no such name", lambda n, t: "[output x]\ntype = ipfix\ntarget = tcp://nobody.invalid:1\n" + t,
     True),
    ("no certificate", lambda n, t: "[output x]\ntype = ipfix\ntarget = tls://127.0.0.1\ncert = c\n"
                                    "key = k\n" + t, True),
    ("slices", lambda n, t: t.replace("slice_timeout = ", "slice_timeout = 24h\n#"), True),
    ("bytes", lambda n, t: bytes(random.Random(n).choices(range(256), k=3000)).decode("latin-1"),
     True),
    ("empty", lambda n, t: "", True),
    ("over itself", lambda n, t: t.replace("target = ", "target = {config}\n#", 1), True),
)


class Probe:
    """A probe that runs by a file which changes."""

    def __init__(self, before, ftprobe, where, arguments, stdin=None):
        self.config, self.log = where / "probe.conf", where / "probe.log"
        self.stats = where / "stats.json"
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            before + [ftprobe, "-c", self.config, "--quiet", "--stats-json", self.stats]
            + arguments, stdin=stdin or subprocess.DEVNULL, stderr=self.log.open("w"),
            stdout=subprocess.DEVNULL, cwd=where)
        self.told = 0

    def words(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def pid(self):
        """Behind `ip netns exec` and taskset, which become the probe, it is the same."""
        return self.process.pid

    def write(self, text):
        new = self.config.with_suffix(".new")
        new.write_bytes(text.replace("{config}", str(self.config)).encode("latin-1"))
        os.replace(new, self.config)

    def all_told(self):
        return [line for line in self.words().splitlines() if TELLS.search(line)]

    def reload(self, text, times=1):
        """What the probe says of it."""
        self.write(text)
        for _ in range(times):
            os.kill(self.pid(), signal.SIGHUP)
        wait_until("the reload", lambda: self.process.poll() is not None
                   or len(self.all_told()) > self.told, TOLD_S)
        if self.process.poll() is not None:
            raise Failure("the probe ended at a reload:\n" + self.words()[-2000:])
        if times > 1:
            self.settle()
        told = self.all_told()
        self.told = len(told)
        return told[-1]

    def settle(self):
        """Until nobody is served any more."""
        n = -1
        while n != len(self.all_told()):
            n = len(self.all_told())
            time.sleep(0.7)

    def size(self):
        """Open files, and kilobytes in memory."""
        status = Path(f"/proc/{self.pid()}/status").read_text(encoding="ascii")
        return (len(os.listdir(f"/proc/{self.pid()}/fd")),
                int(re.search(r"VmRSS:\s+(\d+)", status)[1]))

    def end(self, sign=signal.SIGINT):
        if sign:
            os.kill(self.pid(), sign)
        if self.process.wait(60) != 0:
            raise Failure(f"exit code {self.process.returncode}:\n" + self.words()[-3000:])
        return json.loads(self.stats.read_text(encoding="utf-8"))


# ---- what must hold ----

def check_output(name, o):
    given = o["given"] + o["uniflows"]
    became = o["sent"] + o["in_doubt"] + o["queued"] + sum(o["dropped"].values())
    if not given == o["offered"] == became:
        raise Failure(f"output {name}: given {given}, offered {o['offered']}, became {became}")


def check_outputs(stats, words):
    for name, o in stats["outputs"].items():
        check_output(name, o)
    if "outputs_closed" in stats:
        check_output("those that were closed", stats["outputs_closed"])
    for name, n, *became in CLOSED.findall(words):
        if int(n) != sum(map(int, became)):
            raise Failure(f"output {name}: {n} records became {became}")


def sent_by(name, stats, words):
    """Records of all outputs that had this name."""
    n = sum(int(sent) for who, _, sent, *_ in CLOSED.findall(words) if who == name)
    return n + stats["outputs"].get(name, {"sent": 0})["sent"]


def check_lines(where, stats, words):
    for name, header in (("json", 0), ("csv", 1)):
        path = where / f"lines.{name}"
        sent = sent_by(name, stats, words)
        lines = len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0
        if sent and lines != sent + header:
            raise Failure(f"{path.name}: {lines} lines of {sent} records")


def check_keeper(where, stats, sent):
    """Every packet of every flow, however its records were cut."""
    seen = Counter()
    with (where / "keeper.json").open(encoding="utf-8") as f:
        for line in f:
            r = json.loads(line)
            seen[r["src_port"], r["dst_port"]] += r["packets"] + r["rev_packets"]
    if seen != sent:
        raise Failure(f"{sum(sent.values())} packets of {len(sent)} flows were sent, "
                      f"{sum(seen.values())} of {len(seen)} flows are in records")
    keeper = stats["outputs"]["keeper"]
    if not keeper["given"] == keeper["sent"] == stats["records"]:
        raise Failure(f"{stats['records']} records, keeper: {keeper}")


def check_packets(stats, sent):
    metered, n = stats["metered_packets"], sum(sent.values())
    lost = sum(p["missed"] + p["no_mbuf"] + p["kernel_drops"] for p in stats["ports"].values())
    if stats["rx_packets"] != metered + sum(stats["dropped"].values()):
        raise Failure("received = metered + dropped does not hold")
    if lost or metered != n:
        raise Failure(f"{n} packets were sent, {metered} metered, {lost} lost before us")


# ---- traffic ----

def frames():
    return [frame(n) for n in range(FLOWS)]


def ports_of(one):
    return struct.unpack("!HH", one[34:38])


def blast(interface):
    """Sends until it is told to stop, then says how many."""
    import socket  # pylint: disable=import-outside-toplevel

    ends = []
    signal.signal(signal.SIGTERM, lambda *_: ends.append(1))
    ready, n = frames(), 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((interface, 0))
        next_s = time.monotonic()
        while not ends:
            for _ in range(BATCH):
                s.send(ready[n % FLOWS])
                n += 1
            next_s += BATCH_S
            time.sleep(max(0, next_s - time.monotonic()))
    print(n)


def sent_packets(n):
    return Counter({ports_of(one): n // FLOWS + (i < n % FLOWS)
                    for i, one in enumerate(frames()) if n // FLOWS + (i < n % FLOWS)})


# ---- the tests ----

def is_sanitized(ftprobe):
    return b"__asan_init" in Path(ftprobe).read_bytes()


def one_reload(n, probe, where, port):
    text = good(n, where, port)
    if n % 2 == 0:
        probe.reload(text, times=3 if n % 10 == 0 else 1)
        told = probe.all_told()[-1]
        if "reloaded" not in told:
            raise Failure(f"a good file was refused: {told}")
        return
    what, breaks, must_refuse = BROKEN[n // 2 % len(BROKEN)]
    told = probe.reload(breaks(n, text))
    if must_refuse and "kept the old configuration" not in told:
        raise Failure(f"{what}: it was not refused: {told}")


def reload_many(probe, where, port, n_reloads):
    """The sizes at the same configuration, early and late."""
    sizes = []
    for n in range(1, n_reloads + 1):
        one_reload(n, probe, where, port)
        if n in (n_reloads // 3, n_reloads):
            probe.reload(good(0, where, port))
            time.sleep(1)
            sizes.append(probe.size())
    return sizes


def check_sizes(sizes, sanitized):
    (files, kb), (files_after, kb_after) = sizes
    print(f"open files {files}, then {files_after}; memory {kb} KB, then {kb_after} KB")
    if files_after != files:
        raise Failure(f"{files} files were open, then {files_after}")
    if kb_after > kb + GROWTH_KB and not sanitized:
        raise Failure(f"memory grew from {kb} to {kb_after} KB")


def run_live(ftprobe, where, n_reloads):
    if os.geteuid() != 0:
        print("not run: network namespaces need root", file=sys.stderr)
        sys.exit(77)
    ns = f"ftprobe-reload-{os.getpid()}"
    inside = ["ip", "netns", "exec", ns]
    ip = lambda *words: subprocess.run(["ip", *words], check=True)  # noqa: E731
    ip("netns", "add", ns)
    blaster = probe = None
    try:
        ip("-n", ns, "link", "set", "lo", "up")
        ip("-n", ns, "link", "add", "rl0", "type", "veth", "peer", "name", "rl1")
        for end in ("rl0", "rl1"):
            subprocess.run(inside + ["sysctl", "-qw", f"net.ipv6.conf.{end}.disable_ipv6=1"],
                           check=True)
            ip("-n", ns, "link", "set", end, "arp", "off", "up")
        port = "[port rl1]\ndevice = af_packet:rl1\ndescriptors = 16384\n"
        (where / "probe.conf").write_text(good(0, where, port), encoding="ascii")
        probe = Probe(inside, ftprobe, where, ["--set", f"eal.file_prefix=reload{os.getpid()}"])
        wait_until("the probe", lambda: "reading; Ctrl-C" in probe.words(), TOLD_S)
        # pylint: disable=consider-using-with
        blaster = subprocess.Popen(inside + ["/usr/bin/python3", __file__, "blast", "rl0"],
                                   stdout=subprocess.PIPE, text=True)
        sizes = reload_many(probe, where, port, n_reloads)
        blaster.terminate()
        sent = sent_packets(int(blaster.communicate()[0]))
        time.sleep(0.5)
        stats = probe.end()
    finally:
        for process in (blaster, probe and probe.process):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        ip("netns", "del", ns)
    check_packets(stats, sent)
    check_keeper(where, stats, sent)
    check_outputs(stats, probe.words())
    check_lines(where, stats, probe.words())
    check_sizes(sizes, is_sanitized(ftprobe))
    told = probe.all_told()
    print(f"{len(told)} reloads, {sum('kept the old' in t for t in told)} refused: "
          f"{sum(sent.values())} packets, {len(sent)} flows, {stats['records']} records, "
          f"{stats['outputs_closed']['outputs']} outputs came and went; nothing is missing")


class Feeder(threading.Thread):
    """A capture file that takes its time."""

    def __init__(self, pipe):
        super().__init__(daemon=True)
        self.pipe, self.ends, self.n = pipe, False, 0

    def run(self):
        ready = frames()
        self.pipe.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        while not self.ends:
            for _ in range(BATCH):
                one, us = ready[self.n % FLOWS], self.n * 2000
                self.pipe.write(struct.pack("<IIII", 1000 + us // 1000000, us % 1000000, len(one),
                                            len(one)) + one)
                self.n += 1
            self.pipe.flush()
            time.sleep(BATCH_S)
        self.pipe.close()


def run_file(ftprobe, where, n_reloads):
    (where / "probe.conf").write_text(good(0, where, ""), encoding="ascii")
    cpu = str(min(os.sched_getaffinity(0)))
    probe = Probe(["taskset", "-c", cpu], ftprobe, where, ["-r", "-"], subprocess.PIPE)
    try:
        feeder = Feeder(probe.process.stdin)
        feeder.start()
        wait_until("outputs", (where / "keeper.json").exists, TOLD_S)
        for n in range(1, n_reloads + 1):
            # with files a run waits for its outputs: leave those that nobody reads
            text = re.sub(r"\[output (gone|bound|zmq|udp)\][^\[]*", "", good(n, where, ""))
            if n % 5 == 0:
                text = text.replace("[table]", "[tabel]")
            told = probe.reload(text)
            if ("reloaded" in told) == (n % 5 == 0):
                raise Failure(f"reload {n}: {told}")
            time.sleep(0.05)
        feeder.ends = True
        feeder.join()
        stats = probe.end(None)
    finally:
        if probe.process.poll() is None:
            probe.process.kill()
            probe.process.wait()
    sent = sent_packets(feeder.n)
    check_packets(stats, sent)
    check_keeper(where, stats, sent)
    check_outputs(stats, probe.words())
    check_lines(where, stats, probe.words())
    print(f"{n_reloads} reloads, {feeder.n} packets of a file, {stats['records']} records: "
          "nothing is missing")


def main():
    mode, ftprobe = sys.argv[1], sys.argv[2]
    if mode == "blast":
        blast(ftprobe)
        return 0
    n = int(sys.argv[3]) if len(sys.argv) > 3 else RELOADS if mode == "live" else RELOADS // 5
    with tempfile.TemporaryDirectory(prefix="ftprobe-reload.") as folder:
        where = Path(folder)
        try:
            (run_live if mode == "live" else run_file)(str(Path(ftprobe).resolve()), where, n)
        except Failure as why:
            print(f"reload {mode}: {why}", file=sys.stderr)
            log = where / "probe.log"
            if log.exists():
                print(log.read_text(encoding="utf-8", errors="replace")[-6000:], file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
