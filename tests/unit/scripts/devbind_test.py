#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""ftprobe-devbind on a machine of files, with tools that move its links."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

DEVBIND = None
TOOL = """#!/bin/sh
echo "$(basename "$0") $*" >>"$FAKE/calls"
[ ! -e "$FAKE/fail" ] || { echo "tool says no"; exit 1; }
move() { rm -f "$FAKE/sys/bus/pci/devices/$1/driver"; [ -z "$2" ] || ln -s "../../drivers/$2" \
	"$FAKE/sys/bus/pci/devices/$1/driver"; }
"""
DPDK_DEVBIND = TOOL + """
[ "$1" != --force ] || shift
case $1 in -b) move "$3" "$2" ;; -u) move "$2" "" ;; *) exit 2 ;; esac
"""
DRIVERCTL = TOOL + """
case $1 in set-override) move "$2" "$3" ;; unset-override) move "$2" ixgbe ;; *) exit 2 ;; esac
"""
ROUTES = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
{} 00000000 0100A8C0 0003 0 0 0 00000000 0 0 0
"""


class DevbindTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.root = Path(self.dir.name)
        self.tools = self.root / "tools"
        self.tools.mkdir()
        (self.root / "sys/bus/pci/drivers/vfio-pci").mkdir(parents=True)
        (self.root / "proc/net").mkdir(parents=True)
        self.config = self.root / "ftprobe.conf"
        self.tool("dpdk-devbind.py", DPDK_DEVBIND)
        self.tool("driverctl", DRIVERCTL)
        self.tool("modprobe", TOOL)
        self.nic("0000:3b:00.0", "ixgbe", "eth0")
        self.nic("0000:3b:00.1", "ixgbe", "eth1")
        self.nic("0000:00:1f.0", "nvme", None, cls="0x010802")

    def tearDown(self):
        self.dir.cleanup()

    def tool(self, name, text):
        (self.tools / name).write_text(text)
        (self.tools / name).chmod(0o755)

    def nic(self, address, driver, interface, cls="0x020000", iommu=True):
        path = self.root / "sys/bus/pci/devices" / address
        path.mkdir(parents=True)
        for name, text in (("class", cls), ("vendor", "0x8086"), ("device", "0x10fb"),
                           ("numa_node", "1")):
            (path / name).write_text(text + "\n")
        (path / "driver").symlink_to("../../drivers/" + driver)
        if iommu:
            (path / "iommu_group").symlink_to("../../../kernel/iommu_groups/7")
            (self.root / "sys/kernel/iommu_groups/7").mkdir(parents=True, exist_ok=True)
        if iommu:
            (path / "iommu_group").unlink()
            (path / "iommu_group").mkdir()
        if interface:
            (path / "net" / interface).mkdir(parents=True)
            (self.root / "sys/class/net" / interface).mkdir(parents=True)

    def run_devbind(self, *words):
        env = {"PATH": f"{self.tools}:/usr/bin:/bin", "FAKE": str(self.root)}
        return subprocess.run([DEVBIND, "--root", self.root, "-c", self.config, *words], env=env,
                              text=True, capture_output=True, check=False)

    def calls(self):
        path = self.root / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def driver(self, address):
        path = self.root / "sys/bus/pci/devices" / address / "driver"
        return os.path.basename(os.readlink(path)) if path.is_symlink() else ""

    def state(self):
        path = self.root / "var/lib/ftprobe-devbind/devices.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def configure(self, text):
        self.config.write_text(text)

    def test_shows_network_devices_only(self):
        self.configure("[port a]\ndevice = 3b:00.1\n")
        done = self.run_devbind()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("0000:3b:00.0  8086:10fb     1  ixgbe          eth0", done.stdout)
        self.assertNotIn("nvme", done.stdout)
        line = next(x for x in done.stdout.splitlines() if x.startswith("0000:3b:00.1"))
        self.assertIn("in the configuration, not bound", line)

    def test_binds_what_the_configuration_names_and_gives_it_back(self):
        self.configure("[table]\nmax_flows = 5\n#[port x]\n[port 0000:3b:00.0]\nqueues = 2\n"
                       "[port second]\ndevice = 0000:3b:00.1,arg=1 # fast\n[port eth9]\n")
        done = self.run_devbind("--bind")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.driver("0000:3b:00.0"), "vfio-pci")
        self.assertEqual(self.driver("0000:3b:00.1"), "vfio-pci")
        self.assertEqual(self.state()["0000:3b:00.1"]["driver"], "ixgbe")
        again = self.run_devbind("--bind")
        self.assertIn("already", again.stdout)
        self.assertEqual(self.state()["0000:3b:00.1"]["driver"], "ixgbe")
        done = self.run_devbind("--unbind")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.driver("0000:3b:00.0"), "ixgbe")
        self.assertEqual(self.driver("0000:3b:00.1"), "ixgbe")
        self.assertEqual(self.state(), {})

    def test_refuses_a_device_with_a_route(self):
        (self.root / "proc/net/route").write_text(ROUTES.format("eth0"))
        done = self.run_devbind("--bind", "3b:00.1", "3b:00.0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("eth0 carries the route to 0.0.0.0/0", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertEqual(self.driver("0000:3b:00.1"), "ixgbe", "all or none")
        done = self.run_devbind("--bind", "--force", "3b:00.0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.driver("0000:3b:00.0"), "vfio-pci")

    def test_refuses_a_device_with_an_ipv6_route_or_in_a_bridge(self):
        (self.root / "proc/net/ipv6_route").write_text(
            "20010db8000000000000000000000000 40 " + "0" * 32 + " 00 " + "0" * 32 +
            " 00000100 00000001 00000000 00000001 eth1\n"
            "fe800000000000000000000000000000 40 " + "0" * 32 + " 00 " + "0" * 32 +
            " 00000100 00000001 00000000 00000001 eth0\n")
        done = self.run_devbind("--bind", "3b:00.1")
        self.assertIn("eth1 carries the route to 2001:0db8", done.stderr)
        self.assertEqual(self.run_devbind("--bind", "3b:00.0").returncode, 0)
        self.assertEqual(self.run_devbind("--unbind", "3b:00.0").returncode, 0)
        (self.root / "sys/class/net/eth0/master").symlink_to("../br7")
        done = self.run_devbind("--bind", "3b:00.0")
        self.assertIn("eth0 is a part of br7", done.stderr)

    def test_refuses_a_device_without_iommu(self):
        self.nic("0000:5e:00.0", "ixgbe", "eth5", iommu=False)
        done = self.run_devbind("--bind", "5e:00.0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("IOMMU", done.stderr)

    def test_loads_the_driver_when_it_is_missing(self):
        (self.root / "sys/bus/pci/drivers/vfio-pci").rmdir()
        self.run_devbind("--bind", "3b:00.0")
        self.assertEqual(self.calls()[0], "modprobe vfio-pci")

    def test_driverctl_makes_it_last(self):
        self.assertEqual(self.run_devbind("--bind", "--persistent", "3b:00.0").returncode, 0)
        self.assertEqual(self.calls(), ["driverctl set-override 0000:3b:00.0 vfio-pci"])
        self.assertEqual(self.run_devbind("--unbind").returncode, 0)
        self.assertEqual(self.calls()[1], "driverctl unset-override 0000:3b:00.0")
        self.assertEqual(self.driver("0000:3b:00.0"), "ixgbe")

    def test_a_tool_that_fails_is_told_and_nothing_is_noted(self):
        (self.root / "fail").touch()
        done = self.run_devbind("--bind", "3b:00.0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("tool says no", done.stderr)
        self.assertEqual(self.state(), {})

    def test_one_line_for_what_is_wrong(self):
        for words, word in ((("--bind", "eth0"), "no PCI address"),
                            (("--bind", "ff:00.0"), "there is no PCI device"),
                            (("--unbind", "3b:00.0"), "was not bound by"),
                            (("--bind",), "name another file")):
            done = self.run_devbind(*words)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn(word, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_nothing_to_give_back(self):
        done = self.run_devbind("--unbind")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.calls(), [])

    def test_a_device_that_was_taken_out(self):
        self.run_devbind("--bind", "3b:00.0")
        for path in sorted((self.root / "sys/bus/pci/devices/0000:3b:00.0").rglob("*"),
                           reverse=True):
            path.unlink() if path.is_symlink() or path.is_file() else path.rmdir()
        (self.root / "sys/bus/pci/devices/0000:3b:00.0").rmdir()
        done = self.run_devbind("--unbind")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("is gone", done.stdout)
        self.assertEqual(self.state(), {})


if __name__ == "__main__":
    DEVBIND = os.path.realpath(sys.argv.pop(1))
    unittest.main()
