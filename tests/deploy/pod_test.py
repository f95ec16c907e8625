#!/usr/bin/python3
"""The pod template of the overlay one-node, run as it is written on the image that is built from
deploy/Containerfile: a complete sync, SIGTERM during a sync, the next pod on the same volume, on a
volume that was moved, and without the volume. Each case ends with a warehouse that equals its
source."""
import copy
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import time
import unittest

from deployed import ROOT, run
from kubernetes_test import memory_needed, only, rendered
from pod import Pod, move

TESTER = os.environ["SYNC_TESTER_BINARY"]
IMAGE = ROOT / "build/image/unpacked"
TABLES, ROWS = 6, 60_000


def setUpModule():
    subprocess.run([ROOT / "tests/deploy/make_image.sh", os.environ["TRIBUTARY_BINARY"], IMAGE],
                   check=True)


class PodCase(unittest.TestCase):
    OVERLAY = "overlays/one-node"
    # More arguments for the client.
    CLIENT = ()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        # So that the pod's user may enter the folder.
        self.folder.chmod(0o755)
        self.sources = self.folder / "sources"
        self.sources.mkdir()
        self.volume = self.folder / "volume"
        self.volume.mkdir()
        self.config = self.folder / "config.json"
        self.config.write_text(json.dumps({"source": "sqlite", "database_path": "shop.db"}))
        with sqlite3.connect(self.sources / "shop.db") as database:
            for table in range(TABLES):
                database.execute(f"CREATE TABLE t{table} (id INTEGER PRIMARY KEY, word TEXT)")
                database.executemany(f"INSERT INTO t{table} VALUES (?, ?)",
                                     ((row, f"row {row} of {table} " * 6) for row in range(ROWS)))
        (self.sources / "shop.db").chmod(0o644)

    def volumes(self, staging):
        return {"staging": staging, "sources": self.sources}

    def begin(self, volume=None):
        pod = Pod(rendered(self.OVERLAY), IMAGE, self.volumes(volume or self.volume), self.folder)
        self.addCleanup(pod.kill)
        self.checked = pod.begin()
        return pod

    def sync(self, pod, *flags):
        return pod.inside(TESTER, "--address", "localhost:50051", "--config", self.config,
                          "--state", self.folder / "state", "--warehouse",
                          self.folder / "warehouse.db", "--json", "--quiet", *self.CLIENT, *flags,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def report(self, process):
        said, _ = process.communicate(timeout=300)
        return json.loads(said.strip().splitlines()[-1]), process.returncode, said

    def expect_good_sync(self, pod):
        report, code, said = self.report(self.sync(pod, "--skip-setup"))
        self.assertEqual(code, 0, said + pod.said())
        run(TESTER, "compare", "--warehouse", self.folder / "warehouse.db", "--source",
            self.sources / "shop.db")
        return report

    def wait_for_state(self, process):
        """Waits until the client has saved a state, while its sync goes on."""
        state = self.folder / "state"
        deadline = time.monotonic() + 120
        while not (state.exists() and state.stat().st_size > 0):
            self.assertIsNone(process.poll(), "the sync has ended")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def replayed(self, pod):
        return sum(int(line.get("messages", 0)) for line in pod.logged("replayed from staging"))


class OneNode(PodCase):
    def test_container_is_what_the_template_says(self):
        pod = self.begin()
        self.assertIn("ready to start", self.checked)
        if pod.groups:  # Its own limit, not that of the machine.
            self.assertIn("2048 MiB (the control group's limit)", self.checked)
        self.assertNotIn("problem", self.checked)
        status = pathlib.Path(f"/proc/{pod.pid()}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        self.assertEqual(set(fields["Uid"].split()), {"10001"})
        self.assertEqual(set(fields["Gid"].split()), {"10001"})
        for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(fields[capabilities], 16), 0, capabilities)
        self.assertEqual(fields["NoNewPrivs"], "1")
        self.assertEqual(fields["Seccomp"], "2")
        mounts = [line.split() for line in
                  pathlib.Path(f"/proc/{pod.pid()}/mounts").read_text().splitlines()]
        options = {mount[1]: mount[3].split(",") for mount in mounts}
        self.assertIn("ro", options["/"])
        self.assertIn("ro", options["/sources"])
        self.assertIn("rw", options["/var/lib/tributary"])

    def test_sync_through_it_and_the_end_of_a_pod_at_rest(self):
        pod = self.begin()
        running = self.sync(pod)
        most = 0
        while running.poll() is None:
            most = max(most, pod.memory_in_use())
            time.sleep(0.05)
        report, code, said = self.report(running)
        self.assertEqual(code, 0, said + pod.said())
        self.assertEqual(report["upserts"], TABLES * ROWS)
        env = only(rendered(self.OVERLAY), "ConfigMap")["data"]
        of_one_sync = memory_needed(env | {"TRIBUTARY_MAX_SYNCS": "1"})
        print(f"memory of one sync: {most / 2**20:.0f} MiB, by the formula up to "
              f"{of_one_sync / 2**20:.0f} MiB")
        self.assertLessEqual(most, of_one_sync)
        self.expect_good_sync(pod)
        code, took = pod.terminate()
        print(f"SIGTERM to exit, at rest: {took:.2f} s")
        self.assertEqual(code, 0)

    def test_sigterm_in_the_middle_drains_and_the_next_pod_goes_on(self):
        pod = self.begin()
        slow = self.sync(pod, "--read-delay-ms", "2")
        self.wait_for_state(slow)
        code, took = pod.terminate()
        print(f"SIGTERM to exit, in a sync: {took:.2f} s")
        self.assertEqual(code, 0, pod.said())
        report, _, said = self.report(slow)
        self.assertEqual(report["grpc"]["code"], "UNAVAILABLE", said)
        self.assertLess(report["upserts"], TABLES * ROWS)
        again = self.begin()
        second = self.expect_good_sync(again)
        # A drain ends at a checkpoint: the rows before it are not sent again.
        self.assertLessEqual(report["upserts"] + second["upserts"], TABLES * ROWS)

    def lose_the_node(self):
        pod = self.begin()
        slow = self.sync(pod, "--read-delay-ms", "2", "--save-checkpoint", "1")
        self.wait_for_state(slow)
        # Enough time to read and stage what the client does not have yet.
        time.sleep(2)
        pod.kill()
        self.report(slow)

    def test_volume_that_is_moved_to_another_node_spares_reading_again(self):
        self.lose_the_node()
        pod = self.begin(move(self.volume, self.folder / "another node"))
        self.expect_good_sync(pod)
        self.assertGreater(self.replayed(pod), 0, pod.said())

    def test_volume_that_is_lost_costs_reading_again_and_no_row(self):
        self.lose_the_node()
        shutil.rmtree(self.volume)
        self.volume.mkdir()
        pod = self.begin()
        self.expect_good_sync(pod)
        self.assertEqual(self.replayed(pod), 0)

    def test_memory_limit_that_is_too_low_is_said_before_and_costs_no_row(self):
        documents = copy.deepcopy(rendered(self.OVERLAY))
        spec = only(documents, "StatefulSet")["spec"]["template"]["spec"]
        for one in spec["initContainers"] + spec["containers"]:
            one["resources"]["limits"]["memory"] = "40Mi"
        pod = Pod(documents, IMAGE, self.volumes(self.volume), self.folder)
        self.addCleanup(pod.kill)
        pod.take_volumes()
        with self.assertRaisesRegex(AssertionError, "problem  memory: 40 MiB .*single sync"):
            pod.run_init()
        if not pod.groups:
            self.skipTest("no control group for memory can be made here")
        # What an operator sees who has removed the check.
        pod.begin_container()
        report, _, said = self.report(self.sync(pod, "--skip-setup"))
        self.assertEqual(report["breach"], "", said)
        self.assertGreater(pod.memory_kills(), 0, said + pod.said())
        pod.kill()
        self.expect_good_sync(self.begin())

    def test_time_to_first_record(self):
        pod = self.begin()
        ready = time.monotonic() - pod.began
        report = self.expect_good_sync(pod)
        print(f"container start to readiness: {ready:.2f} s, Update to first record: "
              f"{report['first_record_ms']} ms")
        self.assertGreater(report["first_record_ms"], 0)
        size = int((IMAGE / "bytes").read_text())
        print(f"image: {size / 1e6:.1f} MB compressed")
        self.assertLess(size, 100e6)


class MutualTls(PodCase):
    """The overlay mtls, with SQLite files in place of its sources."""
    OVERLAY = "overlays/mtls"

    def setUp(self):
        if b"/healthz" not in (IMAGE / "root/usr/bin/tributary").read_bytes():
            self.skipTest("this connector has no /healthz, which the overlay's probes ask")
        super().setUp()
        self.tls = self.folder / "tls"
        self.tls.mkdir()
        openssl = lambda *words: run("openssl", *words, cwd=self.tls)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out",
                "ca.crt", "-subj", "/CN=authority", "-days", "1")
        (self.tls / "names").write_text("subjectAltName=DNS:localhost")
        for name in ("tls", "client"):
            openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out",
                    f"{name}.csr", "-subj", f"/CN={name}")
            openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                    "-CAcreateserial", "-out", f"{name}.crt", "-days", "1", "-extfile", "names")
        # The files for `kubectl create secret`, as the kubelet mounts them.
        self.secret = self.folder / "secret"
        self.secret.mkdir()
        for name in ("tls.crt", "tls.key", "ca.crt"):
            shutil.copy(self.tls / name, self.secret)
            os.chown(self.secret / name, 0, 10001)
            (self.secret / name).chmod(0o440)
        self.CLIENT = ("--tls-ca", self.tls / "ca.crt")

    def volumes(self, staging):
        return {"staging": staging, "tls": self.secret}

    def test_clients_without_a_certificate_are_refused_and_others_served(self):
        pod = self.begin()
        self.assertNotIn("warning  --tls", self.checked)
        _, code, _ = self.report(self.sync(pod, "--connect-wait-s", "2"))
        self.assertNotEqual(code, 0)
        self.assertEqual(pod.logged("sync starts"), [])
        shown = ("--tls-cert", self.tls / "client.crt", "--tls-key", self.tls / "client.key")
        _, _, said = self.report(self.sync(pod, *shown))
        # The overlay has no SQLite files: the client is served and gets an error that says so.
        self.assertIn("there is no such file", said + pod.said())


if __name__ == "__main__":
    unittest.main()
