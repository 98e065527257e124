#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""IPFIX over TCP and TLS: what a collector reads from the stream is what the probe's JSON says.

  ipfix_tcp.py PROBE TRACE_DIR

The collector is a socket that keeps the stream as a file, which ipfixDump and python3-ipfix read.
Over TLS both sides have certificates; wrong ones end the run with one line and exit code 2.
"""

import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

sys.dont_write_bytecode = True
import interop  # noqa: E402  (nothing is written beside it)
import ipfix_file  # noqa: E402

EXIT_BAD = 2


class Collector:
    """One connection, kept as a file."""

    def __init__(self, path, context=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.path, self.context = path, context
        self.clean = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            connection, _ = self.listener.accept()
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection, open(self.path, "wb") as to:
                while data := connection.recv(65536):
                    to.write(data)
            self.clean = True  # with TLS: close_notify came
        except (ssl.SSLError, OSError):
            pass

    def finish(self):
        self.thread.join(interop.WAIT_S)
        self.listener.close()
        if not self.clean:
            raise interop.Failure("the session had no orderly end")


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_certificate(folder, name, issuer=None):
    """NAME.pem and NAME.key, by itself or by an issuer."""
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-days", "2", "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key",
             "-out", folder / f"{name}.pem"]
    if issuer:
        words += ["-CA", folder / f"{issuer}.pem", "-CAkey", folder / f"{issuer}.key",
                  "-addext", "subjectAltName=IP:127.0.0.1",
                  "-addext", "basicConstraints=critical,CA:FALSE"]
    openssl(*words)


def server_context(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "collector.pem", folder / "collector.key")
    context.load_verify_locations(folder / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def tls_options(folder, port, who, more=""):
    """A configuration with one output over TLS."""
    config = folder / "tls.conf"
    config.write_text(f"[output collector]\ntype = ipfix\ntarget = tls://127.0.0.1:{port}\n"
                      f"cert = {folder}/{who}.pem\nkey = {folder}/{who}.key\n"
                      f"ca = {folder}/authority.pem\n{more}", encoding="utf-8")
    return ["-c", str(config)]


def refused(probe, trace, folder, who, more, words):
    """Whatever the trace: the run ends with exit code 2 and one line that says why."""
    collector = Collector(folder / "nothing", server_context(folder))
    done = subprocess.run([probe, "-r", str(trace), "-q",
                           *tls_options(folder, collector.port, who, more)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, timeout=interop.RUN_TIMEOUT_S, check=False)
    lines = done.stderr.decode().splitlines()
    collector.listener.close()
    interop.equal(f"the exit code with {words}", done.returncode, EXIT_BAD)
    if len(lines) != 1 or words not in lines[0]:
        raise interop.Failure(f"{lines} does not say {words} in one line")


def make_certificates(folder):
    for name, issuer in (("authority", None), ("stranger", None), ("collector", "authority"),
                         ("probe", "authority"), ("intruder", "stranger")):
        make_certificate(folder, name, issuer)


def check(probe, trace, certificates):
    """One run, with a collector for each form over TCP and one over TLS."""
    with tempfile.TemporaryDirectory(prefix="ftprobe-ipfix-") as tmp:
        folder = Path(tmp)
        collectors = [Collector(folder / f"tcp{i}.ipfix") for i in range(len(interop.FORMS))]
        sections = [interop.ipfix_section(f"tcp://127.0.0.1:{c.port}", form)
                    for c, form in zip(collectors, interop.FORMS)]
        secret = Collector(folder / "tls.ipfix", server_context(certificates))
        sections += [interop.ipfix_section(f"tls://127.0.0.1:{secret.port}", interop.FORMS[0],
                                           cert=certificates / "probe.pem",
                                           key=certificates / "probe.key",
                                           ca=certificates / "authority.pem")]
        flows = interop.run_probe(probe, trace, sections=sections)
        for collector, form in zip([*collectors, secret], [*interop.FORMS, interop.FORMS[0]]):
            collector.finish()
            said = ipfix_file.equal_sums([collector.path], interop.sums_in(form, flows))
        return said


def main():
    with tempfile.TemporaryDirectory(prefix="ftprobe-ipfix-") as tmp:
        folder = Path(tmp)
        make_certificates(folder)
        failed = interop.main(lambda probe, trace: check(probe, trace, folder), __doc__)
        try:
            trace = interop.traces(sys.argv[2])[0]
            refused(sys.argv[1], trace, folder, "intruder", "", "the collector refuses us")
            refused(sys.argv[1], trace, folder, "probe", "peer_name = elsewhere.example\n",
                    "hostname mismatch")
        except interop.Failure as err:
            print(f"FAIL {err}")
            failed += 1
        return 1 if failed else 0


if __name__ == "__main__":
    interop.need(("ipfixDump", "libfixbuf-tools"), ("openssl", "openssl"))
    sys.exit(main())
