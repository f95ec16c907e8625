#!/usr/bin/python3
"""A real fault from its cause to its notification: a PostgreSQL server refuses the login, the sync
ends with a Task, a real Prometheus with deploy/prometheus/rules.yml fires, a real Alertmanager
notifies."""
import contextlib
import http.server
import json
import os
import pathlib
import queue
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

from deployed import ALERTMANAGER, PROMETHEUS, ROOT, RULES, anchors, rules, run, RUNBOOK

POSTGRESQL = pathlib.Path(os.environ.get("TRIBUTARY_POSTGRESQL_BIN", "/usr/lib/postgresql/15/bin"))
PATIENCE = 60


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Receiver(http.server.BaseHTTPRequestHandler):
    """Where Alertmanager sends its notifications."""
    arrived = queue.Queue()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        for alert in json.loads(body)["alerts"]:
            self.arrived.put(alert)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class AlertArrives(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.folder.chmod(0o755)
        self.stack = stack

    def start(self, name, *words, user=None):
        """A server that ends with the test; its output is in NAME.log."""
        if user:
            words = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *words)
        log = self.stack.enter_context(open(self.folder / f"{name}.log", "w"))
        process = subprocess.Popen([str(word) for word in words], stdout=log,
                                   stderr=subprocess.STDOUT, cwd=self.folder)
        self.stack.callback(process.wait)
        self.stack.callback(process.terminate)
        return process

    def said(self, name):
        return (self.folder / f"{name}.log").read_text()

    def until(self, holds, what):
        deadline = time.monotonic() + PATIENCE
        while not (found := holds()):
            logs = "".join(path.read_text()[-2000:] for path in self.folder.glob("*.log"))
            self.assertLess(time.monotonic(), deadline, f"{what}\n{logs}")
            time.sleep(0.1)
        return found

    def start_postgresql(self):
        """It knows the user, with another password."""
        data, port = self.folder / "postgresql", free_port()
        data.mkdir()
        (self.folder / "password").write_text("right")
        user = "postgres" if os.getuid() == 0 else None
        if user:
            run("chown", "postgres", data, self.folder / "password")
        prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        run(*prefix, POSTGRESQL / "initdb", "-D", data, "-U", "shop", "-A", "scram-sha-256",
            f"--pwfile={self.folder / 'password'}", "--no-sync", cwd=self.folder)
        self.start("postgres", POSTGRESQL / "postgres", "-D", data, "-p", port, "-k", data,
                   "-c", "listen_addresses=127.0.0.1", "-c", "wal_level=logical", user=user)
        self.until(lambda: "ready to accept connections" in self.said("postgres"), "PostgreSQL")
        return port

    def start_tributary(self):
        self.start("tributary", os.environ["TRIBUTARY_BINARY"], "--port", 0, "--sqlite-root",
                   self.folder, "--staging-dir", self.folder / "staging", "--metrics-address",
                   "127.0.0.1:0")
        self.until(lambda: '"serving"' in self.said("tributary"), "tributary")
        lines = [json.loads(line) for line in self.said("tributary").splitlines()]
        port = next(line["port"] for line in lines if line["message"] == "serving")
        metrics = next(line["address"] for line in lines
                       if line.get("address", "").startswith("127.0.0.1:"))
        return port, metrics

    def start_alertmanager(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.stack.callback(server.server_close)
        self.stack.callback(server.shutdown)
        config = self.folder / "alertmanager.yml"
        config.write_text(json.dumps({
            "route": {"receiver": "test", "group_by": ["..."], "group_wait": "0s",
                      "group_interval": "1s", "repeat_interval": "1h"},
            "receivers": [{"name": "test", "webhook_configs": [
                {"url": f"http://127.0.0.1:{server.server_port}/"}]}],
        }))
        port = free_port()
        # It is unpacked and not installed, so its templates are mounted where it looks for them.
        share = ALERTMANAGER.parents[1] / "share"
        self.start("alertmanager", "unshare", "--mount", "sh", "-c",
                   f'mount --bind "{share}" /usr/share && exec "$@"', "sh", ALERTMANAGER, f"--config.file={config}",
                   f"--storage.path={self.folder / 'alertmanager'}",
                   f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=")
        self.until(lambda: "Listening on" in self.said("alertmanager"), "Alertmanager")
        return port

    def ask(self, what):
        """Prometheus' answer."""
        with urllib.request.urlopen(self.prometheus + what) as answer:
            return json.load(answer)["data"]

    def start_prometheus(self, metrics, alertmanager):
        config = self.folder / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
            "rule_files": [str(RULES)],
            "alerting": {"alertmanagers": [
                {"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
            "scrape_configs": [{"job_name": "tributary",
                                "static_configs": [{"targets": [metrics]}]}],
        }))
        port = free_port()
        self.start("prometheus", PROMETHEUS / "prometheus", f"--config.file={config}",
                   f"--storage.tsdb.path={self.folder / 'prometheus'}",
                   f"--web.listen-address=127.0.0.1:{port}")
        self.until(lambda: "Server is ready" in self.said("prometheus"), "Prometheus")
        self.prometheus = f"http://127.0.0.1:{port}/api/v1/"
        # `increase` needs a sample from before the fault.
        def scraped():
            result = self.ask("query?query=count_over_time(tributary_tasks_total[1m])")["result"]
            return result and int(result[0]["value"][1]) >= 2
        self.until(scraped, "two scrapes")

    def test_task_of_a_refused_login_reaches_the_receiver_with_its_runbook(self):
        database = self.start_postgresql()
        port, metrics = self.start_tributary()
        self.start_prometheus(metrics, self.start_alertmanager())
        time.sleep(2)
        self.assertTrue(Receiver.arrived.empty(), "an alert where nothing is wrong")
        config = self.folder / "config.json"
        config.write_text(json.dumps({
            "source": "postgresql", "host": "127.0.0.1", "port": str(database),
            "database": "postgres", "user": "shop", "password": "wrong",
            "sslmode": "disable"}))
        sync = subprocess.run(
            [os.environ["SYNC_TESTER_BINARY"], "--address", f"localhost:{port}", "--config", config,
             "--skip-setup", "--drain", "--json", "--quiet"], capture_output=True, text=True)
        task = json.loads(sync.stdout.strip().splitlines()[-1])["task"]
        self.assertIn("password", task)

        self.until(lambda: not Receiver.arrived.empty(), "an alert")
        alert = Receiver.arrived.get()
        self.assertEqual(alert["labels"]["alertname"], "TributaryTaskRaised")
        self.assertEqual(alert["status"], "firing")
        self.assertEqual(alert["labels"]["severity"], "critical")
        self.assertIn(metrics, alert["annotations"]["summary"])
        page, anchor = alert["annotations"]["runbook_url"].split("#")
        self.assertEqual(ROOT / page, RUNBOOK)
        self.assertIn(anchor, anchors(RUNBOOK.read_text()))
        self.assertNotIn("wrong", json.dumps(alert))
        # All rules can be evaluated with the connector's own series, and the only alert is the one
        # for a sync that needs somebody to act.
        every = [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]
        self.assertEqual([rule for rule in every if rule["health"] != "ok"], [])
        up = {rule["name"] for rule in every if rule.get("state") == "firing"}
        self.assertEqual(up, {"TributaryTaskRaised"})

    def test_each_recorded_series_has_a_value_while_a_sync_runs(self):
        port, metrics = self.start_tributary()
        self.start_prometheus(metrics, self.start_alertmanager())
        with contextlib.closing(sqlite3.connect(self.folder / "shop.db")) as database:
            database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT)")
            database.executemany("INSERT INTO t VALUES (?, ?)",
                                 ((row, f"word {row} " * 20) for row in range(100_000)))
            database.commit()
        config = self.folder / "config.json"
        config.write_text(json.dumps({"source": "sqlite", "database_path": "shop.db"}))
        client = [os.environ["SYNC_TESTER_BINARY"], "--address", f"localhost:{port}", "--config",
                  config, "--skip-setup", "--drain", "--quiet"]
        run(*client)
        # This one is recorded, but no log is followed here.
        wanted = {rule["record"] for rule in rules() if "record" in rule}
        wanted -= {"tributary:retained_log:ratio"}
        self.start("client", *client, "--read-delay-ms", 100)
        def all_there():
            answers = {name: self.ask(f"query?query={name}")["result"] for name in wanted}
            return all(answers.values())
        self.until(all_there, wanted)


if __name__ == "__main__":
    unittest.main()
