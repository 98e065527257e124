#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The numbers of a running probe, as others read them:

    metrics.py http FTPROBE         the endpoint: answers, sums, clients that hang or flood
    metrics.py prometheus FTPROBE   promtool accepts it, a Prometheus server scrapes it
    metrics.py telemetry FTPROBE    dpdk-telemetry.py reads /ftprobe/...

The probe reads net_null, which hands out packets without end. Exit status 77: a program is missing.
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

SAMPLE = re.compile(r'^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? ([0-9.e+-]+|\+Inf)$')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"(?:,|$)')
CONNECTIONS = 32  # METRICS_CONNECTIONS_MAX
OF_ONE = 8  # METRICS_CONNECTIONS_OF_ONE_MAX
TIMEOUT = 5  # METRICS_TIMEOUT_S


def fail(text):
    sys.exit(f"metrics test: {text}")


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            print(f"not run: {program} is not installed")
            sys.exit(77)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, ready, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = ready()
        if result:
            return result
        time.sleep(0.1)
    return fail(f"waited in vain for {what}")


class Probe:
    """ftprobe on net_null, with a metrics endpoint."""

    def __init__(self, path, folder, *arguments):
        self.port, self.prefix = free_port(), f"metrics{os.getpid()}"
        self.log = os.path.join(folder, "probe.log")
        self.stats = os.path.join(folder, "stats.json")
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [path, "-i", "net_null0", "-o", "null", "-o", f"json:{folder}/flows",
                 "--set", f"eal.file_prefix={self.prefix}", "--set", f"metrics.listen={self.port}",
                 "--no-dpi", "--max-flows", "10000", "--stats-json", self.stats, *arguments],
                stderr=log, stdin=subprocess.DEVNULL)
        wait_until("the probe", self.reads)

    def text(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def reads(self):
        if self.process.poll() is not None:
            fail("the probe ended: " + self.text())
        return "reading; Ctrl-C ends" in self.text()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        if self.process.wait(timeout=60) != 0:
            fail("the probe failed: " + self.text())
        with open(self.stats, encoding="utf-8") as file:
            return json.load(file)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def ask(self, method="GET", path="/metrics", body=None):
        """(status, headers, text)"""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        c.request(method, path, body)
        r = c.getresponse()
        text = r.read().decode()
        c.close()
        return r.status, r.headers, text

    def numbers(self):
        status, _, text = self.ask()
        if status != 200:
            fail(f"/metrics answers {status}")
        return read(text)


def read(text):
    """Samples as {(name, frozenset of labels): value}; each metric in one piece, after its TYPE."""
    out, types, current = {}, {}, None
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            current, kind = line.split()[2:4]
            if current in types:
                fail(f"{current} comes twice")
            types[current] = kind
            if not current.startswith("ftprobe_") or \
                    (kind == "counter") != current.endswith("_total"):
                fail(f"a bad name of a {kind}: {current}")
        elif not line.startswith("# HELP "):
            m = SAMPLE.match(line)
            if not m or not (m[1] == current or types[current] == "histogram" and
                             m[1].startswith(current)):
                fail(f"a line that is none: {line}")
            labels = frozenset(LABEL.findall(m[2] or ""))
            if (m[1], labels) in out:
                fail(f"a sample comes twice: {line}")
            out[m[1], labels] = float(m[3])
    return out


def total(numbers, name, **labels):
    wanted = set(labels.items())
    found = [v for (n, l), v in numbers.items() if n == name and wanted <= l]
    if not found:
        fail(f"there is no {name} {labels}")
    return int(sum(found))


def check_sums(numbers):
    for lane in [dict(l)["lane"] for n, l in numbers if n == "ftprobe_received_packets_total"]:
        received, metered, dropped = (total(numbers, f"ftprobe_{what}_packets_total", lane=lane)
                                      for what in ("received", "metered", "dropped"))
        if received != metered + dropped:
            fail(f"{received} received, {metered} metered + {dropped} dropped")
    for output in [dict(l)["output"] for n, l in numbers if n == "ftprobe_output_offered_total"]:
        parts = [total(numbers, f"ftprobe_output_{what}", output=output) for what in
                 ("sent_total", "in_doubt_total", "queued_records", "dropped_records_total")]
        if total(numbers, "ftprobe_output_offered_total", output=output) != sum(parts):
            fail(f"{output}: the sum does not hold: {parts}")
    return total(numbers, "ftprobe_received_packets_total")


def test_answers(probe):
    status, headers, text = probe.ask()
    if status != 200 or not headers["Content-Type"].startswith("text/plain; version=0.0.4"):
        fail(f"GET /metrics: {status} {headers['Content-Type']}")
    head = probe.ask("HEAD")
    if head[0] != 200 or head[2] or not 0.9 < int(head[1]["Content-Length"]) / len(text) < 1.1:
        fail(f"HEAD /metrics: {head[0]}, {head[1]['Content-Length']} bytes")
    for method, path, wanted in (("GET", "/", 200), ("GET", "/other", 404), ("HEAD", "/x", 404),
                                 ("GET", "/metrics/", 404), ("GET", "/metrics?name=x", 200),
                                 ("POST", "/metrics", 405), ("DELETE", "/", 405)):
        status, headers, _ = probe.ask(method, path, b"x" * 100 if method == "POST" else None)
        if status != wanted or (wanted == 405 and headers["Allow"] != "GET, HEAD"):
            fail(f"{method} {path}: {status} instead of {wanted}")


def test_sums(probe):
    last = 0
    for _ in range(50):
        received = check_sums(probe.numbers())
        if received < last:
            fail("a counter went back")
        last = received
    if last == 0:
        fail("no packet came")
    numbers = probe.numbers()
    for stage in ("receive", "admit", "process", "release"):
        if not any(("stage", stage) in l and v > 0 for (n, l), v in numbers.items()
                   if n == "ftprobe_lane_stage_seconds_total"):
            fail(f"nothing is measured of {stage}")


def connect(probe, request=b""):
    s = socket.create_connection(("127.0.0.1", probe.port), timeout=20)
    s.sendall(request)
    return s


def is_closed(s):
    try:
        return s.recv(1) == b""
    except ConnectionError:
        return True


def test_hostile(probe):
    """Clients that say nothing, half a request, or too much are put out, and others are served."""
    silent = [connect(probe), connect(probe, b"GET /metrics HTTP/1.1\r\nHo")]
    probe.numbers()
    huge = connect(probe)
    try:
        huge.sendall(b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n")
        huge.sendall(b"x" * 100000)
    except ConnectionError:
        pass
    answer = b""
    try:
        while chunk := huge.recv(4096):
            answer += chunk
    except ConnectionError:
        pass
    if b" 200 " in answer:
        fail("a request of 200 KB is served")
    began = time.monotonic()
    if not all(is_closed(s) for s in silent) or time.monotonic() - began > TIMEOUT + 5:
        fail("a silent client is not put out")
    flood = []
    for _ in range(4 * CONNECTIONS):
        try:
            flood.append(connect(probe))
        except OSError:
            pass
    files = len(os.listdir(f"/proc/{probe.process.pid}/fd"))
    if files > 100:
        fail(f"{files} files are open")
    began = time.monotonic()
    wait_until("an answer during a flood", lambda: answers(probe), 2 * TIMEOUT + 5)
    print(f"served {time.monotonic() - began:.1f} s after {4 * CONNECTIONS} connections")
    for s in flood:
        s.close()


def answers(probe):
    try:
        return probe.ask()[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def run_http(path, folder):
    probe = Probe(path, folder, "--lanes", "2", "--set", "probe.summary_interval=1s")
    try:
        test_answers(probe)
        test_sums(probe)
        test_hostile(probe)
        last = probe.numbers()
        stats = probe.stop()
        if total(last, "ftprobe_received_packets_total") > stats["rx_packets"]:
            fail("the endpoint told of more than came")
        if not re.search(r"[1-9]\d* packets/s, .* busiest lane \d+ %, CPU \d+ %", probe.text()):
            fail("no summary line: " + probe.text())
        if "everybody" in probe.text():
            fail("a loopback address is warned of")
    finally:
        probe.kill()
    taken = socket.create_server(("127.0.0.1", 0))
    refused = subprocess.run(
        [path, "-i", "net_null0", "-o", "null", "--set", f"eal.file_prefix={probe.prefix}",
         "--set", f"metrics.listen={taken.getsockname()[1]}"],
        stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    if refused.returncode != 1 or "[metrics] listen: cannot listen at" not in refused.stderr:
        fail(f"a port in use: {refused.returncode} {refused.stderr}")


def query(port, text):
    url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(text)}"
    try:
        with urllib.request.urlopen(url, timeout=5) as r:
            return json.load(r)["data"]["result"]
    except (urllib.error.URLError, ConnectionError):
        return None


def run_prometheus(path, folder):
    need("promtool", "prometheus")
    probe = Probe(path, folder, "-o", 'json:' + folder + '/a "name"')
    server, port = None, free_port()
    try:
        text = probe.ask()[2]
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if checked.returncode or checked.stdout.strip():
            fail("promtool: " + checked.stdout)
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w", encoding="ascii") as file:
            file.write("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: ftprobe\n"
                       f"  static_configs: [{{targets: ['127.0.0.1:{probe.port}']}}]\n")
        server = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rate = wait_until("a rate in Prometheus", lambda: query(
            port, "sum(rate(ftprobe_received_packets_total[10s]))"), 60)
        print(f"Prometheus sees {float(rate[0]['value'][1]):.0f} packets/s")
        if float(rate[0]["value"][1]) <= 0:
            fail("the rate is 0")
        if query(port, 'up{job="ftprobe"}')[0]["value"][1] != "1":
            fail("Prometheus does not scrape the probe")
        expression(port, folder)
    finally:
        probe.kill()
        if server:
            server.terminate()
            server.wait()


def expression(port, folder):
    """Every query of the dashboard is one that Prometheus understands and the probe has numbers of,
    but for those of ports that net_null has not."""
    dashboard = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "../../config/grafana-ftprobe.json")
    with open(dashboard, encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    queries = [t["expr"] for p in panels for t in p.get("targets", [])]
    if len(queries) < 10:
        fail(f"{len(queries)} queries on the dashboard")
    for text in queries:
        text = text.replace("$__rate_interval", "10s").replace("$instance", ".*")
        if not query(port, text):
            fail(f"no answer to: {text}")
    print(f"{len(queries)} queries of the dashboard have answers")


def run_telemetry(path, folder):
    need("dpdk-telemetry.py")
    probe = Probe(path, folder)

    def ask(command):
        done = subprocess.run(["dpdk-telemetry.py", "-f", probe.prefix], input=command + "\n",
                              stdout=subprocess.PIPE, text=True, timeout=30, check=True)
        return json.loads(done.stdout.strip().splitlines()[-1])[command.split(",")[0]]

    try:
        listed = [c for c in ask("/") if c.startswith("/ftprobe/")]
        if listed != [f"/ftprobe/{c}" for c in
                      ("lane", "lanes", "output", "outputs", "stats", "table")]:
            fail(f"commands: {listed}")
        if ask("/ftprobe/lanes") != [0]:
            fail("lanes")
        for command in ("/ftprobe/stats", "/ftprobe/lane,0"):
            numbers = ask(command)
            parts = [v for k, v in numbers.items() if k.startswith("drop_")]
            if numbers["rx_packets"] != numbers["metered_packets"] + sum(parts) or not parts or \
                    not numbers["rx_packets"]:
                fail(f"{command}: the sum does not hold: {numbers}")
        if ask("/ftprobe/table")["capacity_flows"] != 10000:
            fail("table")
        outputs = ask("/ftprobe/outputs")
        if len(outputs) != 2 or ask("/ftprobe/output,1")["name"] != outputs[1]:
            fail(f"outputs: {outputs}")
        for bad in ("/ftprobe/lane,1", "/ftprobe/lane,x", "/ftprobe/output,-1", "/ftprobe/lane"):
            if ask(bad) is not None:
                fail(f"{bad} has an answer")
        probe.stop()
    finally:
        probe.kill()


if __name__ == "__main__":
    if os.getuid() != 0:
        print("not run: it needs root, as DPDK's runtime files do")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as temporary:
        {"http": run_http, "prometheus": run_prometheus,
         "telemetry": run_telemetry}[sys.argv[1]](os.path.abspath(sys.argv[2]), temporary)
    print("good")
