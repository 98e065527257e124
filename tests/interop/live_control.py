#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""live_control.py FTPROBE FTPROBECTL CASE [CAPTURE]: a probe that reads the trace of CASE over and
over through a DPDK device, and ftprobectl at its socket: every command, the errors, hostile
clients, and top in a terminal of 80 by 24 (its screen is written to CAPTURE)."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

READY = "reading; Ctrl-C ends"


def check(good, *words):
    if not good:
        raise SystemExit("live_control: " + " ".join(str(w) for w in words))


class Screen:
    """What a terminal shows: as much of ANSI as top uses, and anything else is an error."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines = [[" "] * columns for _ in range(rows)]
        self.x = self.y = 0
        self.alternate = self.hidden = False
        self.red = 0

    def feed(self, text):
        for code, plain in re.findall(r"(\x1b\[[?0-9;]*[A-Za-z])|([^\x1b])", text):
            self.escape(code) if code else self.put(plain)

    def escape(self, code):
        if code == "\x1b[H":
            self.x = self.y = 0
        elif code == "\x1b[K":
            self.lines[self.y][self.x:] = [" "] * (self.columns - self.x)
        elif code == "\x1b[J":
            self.lines[self.y][self.x:] = [" "] * (self.columns - self.x)
            for line in self.lines[self.y + 1:]:
                line[:] = [" "] * self.columns
        elif code in ("\x1b[?1049h", "\x1b[?1049l"):
            self.alternate = code.endswith("h")
        elif code in ("\x1b[?25h", "\x1b[?25l"):
            self.hidden = code.endswith("l")
        elif code.endswith("m"):
            self.red += code == "\x1b[1;31m"
        else:
            check(False, "top wrote", repr(code))

    def put(self, char):
        if char == "\r":
            self.x = 0
        elif char == "\n":
            check(self.y + 1 < self.rows, "top scrolls the screen")
            self.y += 1
        else:
            check(self.x < self.columns, "a line of top is longer than the screen")
            self.lines[self.y][self.x] = char
            self.x += 1

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines).rstrip() + "\n"


class Test:
    def __init__(self, probe, ctl, case, folder):
        self.probe, self.ctl = probe, ctl
        self.trace = Path(case) / "input.pcap"
        self.folder = Path(folder)
        self.path = str(self.folder / "a.sock")
        self.running = None

    def start(self, *more):
        """Starts a probe; returns its exit code when it ends at once, else None."""
        device = f"net_pcap0,rx_pcap={self.trace},infinite_rx=1"
        log = open(self.folder / "log", "w")
        process = subprocess.Popen(
            [self.probe, "-i", device, "-o", "null", "--set", f"control.socket={self.path}",
             "--set", f"eal.file_prefix={self.folder.name[:8]}", *more],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        for _ in range(600):
            if process.poll() is not None:
                return process.returncode
            if READY in self.log():
                break
            time.sleep(0.05)
        check(READY in self.log(), "the probe does not start:", self.log())
        self.running = process
        return None

    def log(self):
        return (self.folder / "log").read_text()

    def stop(self, how=signal.SIGINT):
        self.running.send_signal(how)
        code = self.running.wait(timeout=30)
        self.running = None
        return code

    def run(self, *words):
        return subprocess.run([self.ctl, "-s", self.path, *words], capture_output=True, text=True,
                              timeout=30)

    def good(self, *words):
        done = self.run(*words)
        check(done.returncode == 0, *words, "fails:", done.stderr)
        check(not done.stderr, *words, "says", done.stderr)
        return done.stdout

    def bad(self, *words):
        done = self.run(*words)
        check(done.returncode != 0, *words, "is accepted")
        check(done.stderr.count("\n") == 1 and done.stderr.startswith("ftprobectl: "),
              *words, "says", done.stderr)
        return done.stderr

    def status(self):
        return json.loads(self.good("--json", "status"))["status"]

    def flows(self, *words):
        return [json.loads(line) for line in self.good("--json", "flows", *words).splitlines()]


def test_status(t):
    before = 0
    for _ in range(20):
        status = t.status()
        lanes = [*status["lanes"], status["total"]]
        for lane in lanes:
            check(lane["rx_packets"] == lane["metered_packets"] + sum(lane["dropped"].values()),
                  "received is not metered + dropped:", lane)
        check(all(lane["answered"] for lane in status["lanes"]), "a lane is silent")
        check(status["total"]["rx_packets"] > before, "the lanes stand still")
        before = status["total"]["rx_packets"]
    text = t.good("status")
    for word in ("packets", "lane 0", "lane 1", "net_pcap0", "null", "arp"):
        check(word in text, f"no {word} in the status:", text)
    check("\x1b" not in text, "colours without a terminal")


def test_flows(t):
    everything = t.flows("-n", "10000")
    check(len(everything) > 10, "few flows:", len(everything))
    check(all(set(f) == set(everything[0]) for f in everything), "keys differ")
    check("end_reason" not in everything[0], "a living flow has an end")
    dns = t.flows("l7_proto == dns and port == 53", "-F", "l7_proto,src_port,dst_port,server_name")
    check(dns, "no DNS flow")
    check(all(f["l7_proto"].startswith("DNS") and 53 in (f["src_port"], f["dst_port"])
              for f in dns), "not DNS:", dns)
    check(any("example" in (f["server_name"] or "") for f in dns), "no names:", dns)
    check(all(list(f) == ["l7_proto", "src_port", "dst_port", "server_name"] for f in dns),
          "other fields:", dns[0])
    for sort, sign in (("total_bytes", -1), ("+total_bytes", 1), ("duration", -1)):
        key = sort.lstrip("+")
        values = [f[key] for f in t.flows("-o", sort, "-F", key, "-n", "15")]
        check(values == sorted(values, key=lambda v, s=sign: s * v), sort, values)
    check(len(t.flows("-n", "3")) == 3, "the limit is not kept")
    check(not t.flows("src_ip == 203.0.113.0/24"), "flows from nowhere")
    text = t.good("flows", "proto == icmp or proto == icmpv6")
    check(text.splitlines()[0].startswith("src_ip "), "no head:", text)
    check("icmp" in text and " tcp " not in text, "other protocols:", text)


def test_errors(t):
    check("at character 1)" in t.bad("flows", "bytez > 4"), "no place")
    check("is it bytes?" in t.bad("flows", "bytez > 4"), "no help")
    check("at character 9)" in t.bad("flows", "bytes > x"), "no place")
    check("cannot be sorted" in t.bad("flows", "-o", "server_name"), "sorted by text")
    check("before the flow ends" in t.bad("flows", "-F", "tls_ja3c"), "fields of the end")
    check("no level" in t.bad("log", "loud"), "a level")
    for words in (["nonsense"], ["flows", "-n", "0"], ["top", "-i", "x"], ["status", "more"], []):
        done = t.run(*words)
        check(done.returncode == 2 and done.stderr.count("\n") == 1, words, done)


def test_others(t):
    check(t.good("log") == "notice\n" and t.good("log", "debug") == "debug\n", "levels")
    check(t.good("log") == "debug\n" and t.good("log", "notice") == "notice\n", "levels")
    config = t.folder / "dumped.conf"
    config.write_text(t.good("dump-config"))
    done = subprocess.run([t.probe, "-c", config, "--check"], capture_output=True, text=True)
    check(done.returncode == 0, "the dumped settings are refused:", done.stderr)
    forced = t.status()["total"]["table"]["flows_ended_forced"]
    said = t.good("expire")
    check(re.fullmatch(r"[0-9,]+ flows ended\n", said), said)
    ended = int(said.split()[0].replace(",", ""))
    total = t.status()["total"]["table"]
    check(ended > 0 and total["flows_ended_forced"] > forced, "nothing ended:", said)
    check(total["records_dropped_ring_full"] == 0, "records were lost")


def test_hostile(t):
    clients = []
    for i in range(60):
        s = socket.socket(socket.AF_UNIX)
        s.connect(t.path)
        clients.append(s)
        try:
            s.sendall([b"{\"comm", b"\0\xff" * 2000, b"[" * 9000, b"{}\n" * 3000,
                       b'{"command":"flows","limit":10000}\n' * 200][i % 5])
        except BrokenPipeError:
            pass
    before = t.status()["total"]["rx_packets"]
    time.sleep(0.3)
    check(t.status()["total"]["rx_packets"] > before, "the lanes stand still")
    check(t.flows("-n", "1"), "no flows any more")
    for s in clients:
        s.close()
    check(t.flows("-n", "1"), "no flows any more")


def resize(fd, process, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process.send_signal(signal.SIGWINCH)


def read_for(fd, seconds):
    text, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and select.select([fd], [], [], left)[0]:
        try:
            text += os.read(fd, 65536)
        except OSError:
            break
    return text.decode()


def test_top(t, capture):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen([t.ctl, "-s", t.path, "top", "-i", "0.5"], stdin=theirs,
                               stdout=theirs, stderr=subprocess.PIPE, text=True)
    screen = Screen(80, 24)
    screen.feed(read_for(ours, 3))
    check(screen.alternate and screen.hidden, "top keeps the screen")
    text = screen.text()
    for word in ("packets", "dropped", "flows", "HOST", "APPLICATION", "192.0.2.", "q: quit"):
        check(word in text, f"no {word} on the screen:\n{text}")
    check("-/s" not in text, "no rates:\n" + text)
    check(screen.red, "drops are not red")
    if capture:
        Path(capture).write_text(text)
    for columns, rows in ((100, 40), (60, 12), (20, 3), (80, 24)):
        resize(theirs, process, columns, rows)
        screen = Screen(columns, rows)
        after = read_for(ours, 1.2).rpartition("\x1b[H")[2]
        screen.feed("\x1b[H" + after)
        check("ftprobe" in screen.text(), f"nothing at {columns} by {rows}")
    began = time.monotonic()
    os.write(ours, b"q")
    check(process.wait(timeout=5) == 0, "top fails:", process.stderr.read())
    check(time.monotonic() - began < 2, "q takes long")
    screen = Screen(80, 24)
    screen.alternate = screen.hidden = True
    screen.feed(read_for(ours, 0.2).rpartition("\x1b[H")[2])
    check(not screen.alternate and not screen.hidden, "the terminal is not given back")
    check(termios.tcgetattr(theirs) == before, "the terminal's settings are not given back")
    os.close(ours)
    os.close(theirs)
    check("HOST" in t.good("top", "-c", "1", "-i", "0.2"), "no view without a terminal")


def test_permission(t):
    if os.geteuid():
        return
    os.chmod(t.folder, 0o755)
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                           t.ctl, "-s", t.path, "status"], capture_output=True, text=True)
    check(done.returncode == 1 and "no permission" in done.stderr, done)


def test_ends(t):
    other = Test(t.probe, t.ctl, t.trace.parent, t.folder / "second")
    other.folder.mkdir()
    other.path = t.path
    check(other.start() == 2, "a second probe takes the socket")
    check("a running probe answers there" in other.log(), other.log())
    t.status()
    t.stop(signal.SIGKILL)
    check("no probe is running: nobody answers" in t.bad("status"), "a dead probe")
    check(t.start() is None, "a socket that was left stops the next start")
    t.status()
    check(t.stop() == 0, "exit code:", t.log())
    log = t.log()
    check(log.count(" holds") == 2, "identities:", log)
    check(not os.path.exists(t.path), "the socket stays")
    check("no probe is running: there is no" in t.bad("status"), "no socket")


def main():
    with tempfile.TemporaryDirectory() as folder:
        t = Test(*(os.path.abspath(a) for a in sys.argv[1:4]), folder)
        try:
            check(t.start("--set", "lane.count=2") is None, "the probe does not start:", t.log())
            time.sleep(1)
            for test in (test_status, test_flows, test_errors, test_others, test_hostile):
                test(t)
            test_top(t, sys.argv[4] if len(sys.argv) > 4 else None)
            test_permission(t)
            test_ends(t)
        finally:
            if t.running:
                t.running.kill()
                t.running.wait()


main()
