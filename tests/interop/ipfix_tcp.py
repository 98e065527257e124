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
    """The run ends with exit code 2 and one line that says why."""
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


def check_tls(probe, trace, folder):
    for name, issuer in (("authority", None), ("stranger", None), ("collector", "authority"),
                         ("probe", "authority"), ("intruder", "stranger")):
        make_certificate(folder, name, issuer)
    collector = Collector(folder / "tls.ipfix", server_context(folder))
    flows = interop.run_probe(probe, trace, "null",
                              options=tls_options(folder, collector.port, "probe"))
    collector.finish()
    ipfix_file.equal_sums([collector.path], interop.sums_of(flows))
    refused(probe, trace, folder, "intruder", "", "the collector refuses us")
    refused(probe, trace, folder, "probe", "peer_name = elsewhere.example\n", "hostname mismatch")


def check(probe, trace):
    with tempfile.TemporaryDirectory(prefix="ftprobe-ipfix-") as tmp:
        folder = Path(tmp)
        for form in interop.FORMS:
            collector = Collector(folder / "tcp.ipfix")
            section = interop.ipfix_section(f"tcp://127.0.0.1:{collector.port}", form)
            flows = interop.run_probe(probe, trace, section=section)
            collector.finish()
            said = ipfix_file.equal_sums([collector.path], interop.sums_in(form, flows))
        check_tls(probe, trace, folder)
        return said


if __name__ == "__main__":
    interop.need(("ipfixDump", "libfixbuf-tools"), ("openssl", "openssl"))
    sys.exit(interop.main(check, __doc__))
