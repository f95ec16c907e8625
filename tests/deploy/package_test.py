#!/usr/bin/python3
"""The Debian package in a clean chroot: it is installed, started with the command lines of its unit
and confined by its unit's settings as far as possible, used for a sync, upgraded, removed and
purged. There is no systemd in a chroot: the test reads the unit's lines and applies them, and
systemd-analyze checks the rest."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from deployed import ROOT, run
from pod import PATIENCE, HERE

TESTER = os.environ["SYNC_TESTER_BINARY"]
BASE = ROOT / "build/debian-base"
UNIT = "usr/lib/systemd/system/tributary.service"


def setUpModule():
    run(ROOT / "tests/deploy/make_base.sh", BASE)
    # Of an earlier version.
    for old in (ROOT / "build/package").glob("tributary_*.deb"):
        old.unlink()
    run("cpack", "--config", os.environ["CPACK_CONFIG"], "-B", ROOT / "build/package")


def the_package():
    found = list((ROOT / "build/package").glob("tributary_*.deb"))
    assert len(found) == 1, found
    return found[0]


def unit_of(path):
    """A unit file: all values by section and key."""
    made, section = {}, None
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            made.setdefault((section, key), []).append(value)
    return made


def syscalls_of(sets):
    """The system calls that a unit's filter names, individually or by systemd's sets."""
    names = {word for word in sets if not word.startswith("@")}
    waiting = [word for word in sets if word.startswith("@")]
    while waiting:
        for line in run("systemd-analyze", "syscall-filter", waiting.pop()).splitlines()[1:]:
            word = line.strip()
            if word.startswith("@"):
                waiting.append(word)
            elif word and not word.startswith("#"):
                names.add(word)
    return names


class Package(unittest.TestCase):
    def setUp(self):
        # In the base's folder and not in /tmp, where devices and programs may be forbidden.
        folder = tempfile.TemporaryDirectory(dir=ROOT / "build")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)
        self.root = self.folder / "root"
        run("cp", "-a", BASE, self.root)
        self.process = None
        self.addCleanup(self.stop)

    def in_root(self, *words):
        return run("chroot", self.root, *words,
                   env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive",
                        "LC_ALL": "C"})

    def install(self, package):
        shutil.copy(package, self.root / "tmp/tributary.deb")
        # Not apt: all dependencies of the package must be in a minimal Debian.
        self.in_root("dpkg", "--install", "/tmp/tributary.deb")
        (self.root / "tmp/tributary.deb").unlink()

    def number(self, database, name):
        return int(self.in_root("getent", database, name).split(":")[2])

    def spec(self, unit, line):
        """How systemd would run one of the unit's lines, for contain.py."""
        one = lambda key: unit[("Service", key)][-1]
        sets = one("SystemCallFilter").split()
        families = one("RestrictAddressFamilies").split()
        allowed = [{"names": sorted(syscalls_of(sets) - {"socket"}), "action": "SCMP_ACT_ALLOW"}]
        allowed += [{"names": ["socket"], "action": "SCMP_ACT_ALLOW",
                     "args": [{"index": 0, "value": int(getattr(socket, family)),
                               "op": "SCMP_CMP_EQ"}]} for family in families]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        for entry in (self.root / one("EnvironmentFile").lstrip("/")).read_text().splitlines():
            if "=" in entry and not entry.startswith("#"):
                environment.update([entry.split("=", 1)])
        state = "/var/lib/" + one("StateDirectory")
        return {
            "root": str(self.root),
            "mounts": [{"source": str(self.root) + state, "target": state, "read_only": False}],
            "arguments": line.split(),
            "environment": environment,
            "uid": self.number("passwd", one("User")), "gid": self.number("group", one("Group")),
            "groups": [],
            "read_only_root": one("ProtectSystem") == "strict",
            "no_new_privileges": one("NoNewPrivileges") == "yes",
            "drop_all": one("CapabilityBoundingSet") == "",
            "profile": {"defaultErrnoRet": 1, "syscalls": allowed},
            "control_groups": [],
        }

    def start(self):
        """Runs ExecStartPre, and ExecStart until it serves; returns the output of the first."""
        unit = unit_of(self.root / UNIT)
        lines = [("check", line) for line in unit[("Service", "ExecStartPre")]]
        lines += [("serve", line) for line in unit[("Service", "ExecStart")]]
        for name, line in lines:
            path = self.folder / f"{name}.json"
            path.write_text(json.dumps(self.spec(unit, line)))
            self.log = self.folder / f"{name}.log"
            with open(self.log, "w") as log:
                self.process = subprocess.Popen(
                    ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork",
                     "--kill-child", "/usr/bin/python3", str(HERE / "contain.py"), str(path)],
                    stdout=log, stderr=subprocess.STDOUT)
            if name == "check":
                self.assertEqual(self.process.wait(PATIENCE), 0, self.log.read_text())
                checked = self.log.read_text()
        deadline = time.monotonic() + PATIENCE
        while '"serving"' not in self.log.read_text():
            self.assertIsNone(self.process.poll(), self.log.read_text())
            self.assertLess(time.monotonic(), deadline, self.log.read_text())
            time.sleep(0.05)
        return checked

    def first_process(self):
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        return int(pathlib.Path(children).read_text().split()[0])

    def stop(self):
        if self.process and self.process.poll() is None:
            os.kill(self.first_process(), signal.SIGTERM)
            self.assertEqual(self.process.wait(PATIENCE), 0)

    def sync(self):
        config = self.folder / "config.json"
        config.write_text(json.dumps({"source": "sqlite", "database_path": "shop.db"}))
        warehouse = self.folder / "warehouse.db"
        said = run("nsenter", f"--net=/proc/{self.first_process()}/ns/net", TESTER, "--address",
                   "localhost:50051", "--config", config, "--state", self.folder / "state",
                   "--warehouse", warehouse, "--json", "--quiet")
        run(TESTER, "compare", "--warehouse", warehouse, "--source",
            self.root / "srv/tributary/shop.db")
        return json.loads(said.strip().splitlines()[-1])

    def next_version(self):
        """The same package with a higher version."""
        unpacked = self.folder / "unpacked"
        run("dpkg-deb", "--raw-extract", the_package(), unpacked)
        control = unpacked / "DEBIAN/control"
        text = control.read_text()
        version = next(l for l in text.splitlines() if l.startswith("Version: "))
        control.write_text(text.replace(version, version + "+next"))
        made = self.folder / "next.deb"
        run("dpkg-deb", "--build", "--root-owner-group", unpacked, made)
        return made

    def add_rows(self, first, count):
        run("sqlite3", self.root / "srv/tributary/shop.db",
            "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, word TEXT);"
            f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n"
            f" WHERE i < {first + count - 1}) INSERT INTO t SELECT i, 'word ' || i FROM n;")

    def test_installed_started_synced_upgraded_removed(self):
        self.install(the_package())
        size = the_package().stat().st_size
        print(f"package: {size / 1e6:.1f} MB")
        settings = self.root / "etc/tributary/tributary.env"
        self.assertEqual(settings.stat().st_gid, self.number("group", "tributary"))
        self.assertEqual(settings.stat().st_mode & 0o777, 0o640)
        staging = self.root / "var/lib/tributary"
        self.assertEqual(staging.stat().st_uid, self.number("passwd", "tributary"))
        self.assertEqual(staging.stat().st_mode & 0o777, 0o700)
        missing = [line for line in self.in_root("ldd", "/usr/bin/tributary").splitlines()
                   if "not found" in line]
        self.assertEqual(missing, [])

        self.add_rows(1, 5000)
        self.assertIn("ready to start", self.start())
        self.assertEqual(self.sync()["upserts"], 5000)
        self.stop()

        settings.write_text(settings.read_text() + "TRIBUTARY_WORKERS=1\n")
        self.install(self.next_version())
        self.assertIn("TRIBUTARY_WORKERS=1", settings.read_text())
        self.assertIn("+next", self.in_root("dpkg-query", "-W", "tributary"))
        self.assertTrue(any((staging / "staging").iterdir()), "staging outlives an upgrade")
        self.add_rows(5001, 1000)
        self.assertIn("1 workers for each", self.start())
        self.sync()
        self.stop()

        self.in_root("dpkg", "--remove", "tributary")
        self.assertFalse((self.root / "usr/bin/tributary").exists())
        self.assertFalse((self.root / UNIT).exists())
        self.assertTrue(settings.exists())
        self.assertTrue(staging.exists())
        self.in_root("dpkg", "--purge", "tributary")
        self.assertFalse(settings.parent.exists())
        self.assertFalse(staging.exists())
        self.assertTrue((self.root / "srv/tributary/shop.db").exists(), "the user's own stays")

    def test_unit_is_sound_and_confines(self):
        self.install(the_package())
        # The targets that the unit names, from this machine's systemd.
        for target in pathlib.Path("/usr/lib/systemd/system").glob("*.target"):
            shutil.copy(target, self.root / "usr/lib/systemd/system")
        run("systemd-analyze", "verify", "--man=no", f"--root={self.root}",
            self.root.joinpath(UNIT).name)
        run("systemd-analyze", "security", "--offline=true", f"--root={self.root}",
            "--threshold=20", "tributary.service")


if __name__ == "__main__":
    unittest.main()
