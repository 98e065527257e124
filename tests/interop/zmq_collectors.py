#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Both collectors of the project, as programs, get every record in every form of message.

  zmq_collectors.py PROBE TRACE_DIR

Headers, formats and compression, in clear and with CURVE (the key in both spellings), whoever
binds; and keys that do not fit are said on both sides.
"""

import itertools
import json
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import interop  # noqa: E402  (nothing is written beside it)
import zmq_subscriber  # noqa: E402

FORMS = tuple(itertools.product(("v1", "v2", "v3"), ("tlv", "json", "json-names", "json-flow"),
                                ("no", "yes")))


class Programs:
    """scripts/collector and ftprobe --collect, each at a port of its own."""

    def __init__(self, probe, folder, mode, keys):
        self.files = [Path(folder) / "script.jsonl", Path(folder) / "probe.jsonl"]
        self.errors = [Path(folder) / "script.err", Path(folder) / "probe.err"]
        self.seen = [0, 0]
        self.ports = [interop.free_port(socket.SOCK_STREAM) for _ in self.files]
        ends = [f"tcp://127.0.0.1:{port}" + ("c" if mode == "connect" else "")
                for port in self.ports]
        commands = [[str(zmq_subscriber.COLLECTOR), "--quiet", "--json", str(self.files[0])],
                    [probe, "-o", "json", "--collect", "zmq:" + ends[1]]]
        if keys:
            commands[0] += ["--keys", keys]
            commands[1] += ["--collect-keys", keys]
        commands[0].append(ends[0])
        self.running = []
        for number, command in enumerate(commands):
            with open(self.files[number], "wb") as out, open(self.errors[number], "wb") as err:
                to = subprocess.DEVNULL if number == 0 else out
                self.running.append(subprocess.Popen(command, stdout=to, stderr=err))

    def take(self, number, n):
        """The next n records of a collector."""
        def there():
            text = self.files[number].read_bytes()
            return text.count(b"\n") >= self.seen[number] + n

        interop.wait_until(f"{n} records at {self.files[number].name}", there)
        lines = self.files[number].read_bytes().splitlines()
        found = lines[self.seen[number]:]
        self.seen[number] = len(lines)
        interop.equal(f"records at {self.files[number].name}", len(found), n)
        return [json.loads(line) for line in found]

    def said(self, number):
        return self.errors[number].read_text(encoding="utf-8")

    def stop(self):
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(timeout=interop.WAIT_S) for process in self.running]
        interop.equal("exit codes", codes, [0, 0])
        for number in (0, 1):
            if " 0 malformed" not in self.said(number) or "missing before" in self.said(number):
                raise interop.Failure(f"{self.errors[number].name}: {self.said(number)}")


def settings(endpoint, mode, key, form):
    values = {"mode": mode, "header": form[0], "format": form[1], "compression": form[2]}
    if key:
        values["server_key"] = key
    return [word for name, value in values.items()
            for word in ("--set", f"output.{endpoint}.{name}={value}")]


def check_mode(probe, trace, mode, keys):
    count = 0
    public = Path(keys + ".pub").read_text(encoding="ascii").strip() if keys else ""
    spellings = itertools.cycle((public, public.encode().hex().upper()))
    with tempfile.TemporaryDirectory(prefix="ftprobe-interop-") as folder:
        programs = Programs(probe, folder, mode, keys)
        try:
            outputs = [f"zmq:tcp://127.0.0.1:{port}" for port in programs.ports]
            for form in FORMS:
                key = next(spellings)
                options = [word for output in outputs
                           for word in settings(output, mode, key, form)]
                flows = interop.run_probe(probe, trace, *outputs, options=options)
                for number in (0, 1):
                    for i, record in enumerate(programs.take(number, len(flows))):
                        zmq_subscriber.check_record(f"{form} {i}", record, flows[i])
                count += 1
        finally:
            programs.stop()
    return count


def check_wrong_key(probe, trace, keys, key):
    """The probe has another key, or none; or the collectors have none, and the probe has."""
    with tempfile.TemporaryDirectory(prefix="ftprobe-interop-") as folder:
        programs = Programs(probe, folder, "connect", keys)
        try:
            for number, port in enumerate(programs.ports):
                output = f"zmq:tcp://127.0.0.1:{port}"
                done = subprocess.run(
                    [probe, "-r", str(trace), "-o", output,
                     *settings(output, "connect", key, ("v2", "tlv", "no"))],
                    stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
                if b"server_key" not in done.stderr or b"handshake" not in done.stderr:
                    raise interop.Failure(f"the probe does not say that its key is wrong: "
                                          f"{done.stderr.decode('utf-8', 'replace')}")
                interop.wait_until("the collector says so, too",
                                   lambda n=number: "refused" in programs.said(n))
        finally:
            programs.stop()


def check_kept(probe, trace):
    """What a run could not send, the next one does; both say that their numbers add up."""
    with tempfile.TemporaryDirectory(prefix="ftprobe-interop-") as folder:
        port = interop.free_port(socket.SOCK_STREAM)
        output = f"zmq:tcp://127.0.0.1:{port}"
        options = [word for setting in ("mode=connect", f"spool={folder}")
                   for word in ("--set", f"output.{output}.{setting}")]

        def run():
            done = subprocess.run([probe, "-r", str(trace), "-o", output, *options,
                                   "--set", "probe.stop_timeout=500ms"],
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                                  check=False)
            said = done.stderr.decode("utf-8", "replace")
            if done.returncode or "queued holds" not in said:
                raise interop.Failure(f"numbers do not add up: {said}")
            return len(list(Path(folder).glob("*.spool")))

        interop.equal("files after a run", run(), 1)
        flows = interop.run_probe(probe, trace)
        path = Path(folder) / "flows.jsonl"
        reader = subprocess.Popen([str(zmq_subscriber.COLLECTOR), "--quiet", "--json", str(path),
                                   f"tcp://127.0.0.1:{port}c"], stderr=subprocess.DEVNULL)
        interop.wait_until("files are gone", lambda: run() == 0, 30)
        reader.send_signal(signal.SIGTERM)
        reader.wait(timeout=interop.WAIT_S)
        found = path.read_bytes().count(b"\n")
        if found % len(flows) or found < 2 * len(flows):
            raise interop.Failure(f"{found} records arrived, of {len(flows)} a run")


def check(probe, trace):
    check_kept(probe, trace)
    with tempfile.TemporaryDirectory(prefix="ftprobe-interop-") as folder:
        keys = str(Path(folder) / "keys")
        other = str(Path(folder) / "other")
        for path in (keys, other):
            subprocess.run([str(zmq_subscriber.COLLECTOR), "--new-keys", path],
                           stdout=subprocess.DEVNULL, check=True)
        count = 0
        for mode, path in itertools.product(("bind", "connect"), ("", keys)):
            count += check_mode(probe, trace, mode, path)
        wrong = Path(other + ".pub").read_text(encoding="ascii").strip()
        check_wrong_key(probe, trace, keys, wrong)
        check_wrong_key(probe, trace, keys, "")
        check_wrong_key(probe, trace, "", wrong)
    return f"{count} runs"


if __name__ == "__main__":
    sys.exit(interop.main(check, __doc__))
