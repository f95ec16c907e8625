#!/usr/bin/python3
"""deploy/kubernetes/ as kubectl renders it: each object is compared with the API's schema, each pod
with the rules of "restricted", sizes with the runbook's formulas, and references between objects
with the objects that exist."""
import copy
import functools
import pathlib
import re
import shutil
import tempfile
import unittest

import yaml

import api_schema
import pod_security
import write_prometheus_rule
from deployed import DEPLOY, KUBECTL, ROOT, RULES, RUNBOOK, metrics, run

OVERLAYS = ("one-node", "many-connections", "mtls")
UNITS = {"Mi": 2**20, "Gi": 2**30, "MiB": 2**20, "GiB": 2**30}


@functools.lru_cache(maxsize=None)
def rendered(folder):
    return list(yaml.safe_load_all(run(KUBECTL, "kustomize", DEPLOY / "kubernetes" / folder)))


def only(documents, kind):
    found = [d for d in documents if d["kind"] == kind]
    assert len(found) == 1, (kind, found)
    return found[0]


def in_bytes(text):
    number, unit = re.fullmatch(r"(\d+)(\w+)", text).groups()
    return int(number) * UNITS[unit]


def environment(documents):
    return only(documents, "ConfigMap")["data"]


def memory_needed(env):
    """The formula of supervisor/machine_memory.h, with its numbers."""
    text = (ROOT / "supervisor/machine_memory.h").read_text()
    sizes = {name: int(mib) for name, mib in re.findall(r"k(\w+)MemoryBytes = (\d+) \*", text)}
    of_sync = sizes["Sync"] + (int(env["TRIBUTARY_WORKERS"]) + 1) * sizes["Worker"]
    return (sizes["Supervisor"] + int(env["TRIBUTARY_MAX_SYNCS"]) * of_sync) * 2**20


class EachOverlay(unittest.TestCase):
    def each(self):
        return [(name, rendered(f"overlays/{name}")) for name in OVERLAYS]

    def test_objects_are_of_the_api(self):
        for _, documents in self.each():
            for document in documents:
                self.assertEqual(api_schema.errors_of(document), [])
                if document["kind"] != "Namespace":
                    self.assertEqual(document["metadata"]["namespace"], "tributary")

    def test_pods_are_restricted(self):
        for _, documents in self.each():
            pod = only(documents, "StatefulSet")["spec"]["template"]["spec"]
            self.assertEqual(pod_security.violations(pod), {})
            self.assertIs(pod["automountServiceAccountToken"], False)
            for one in pod_security.containers(pod):
                self.assertIs(one["securityContext"]["readOnlyRootFilesystem"], True)
        labels = only(rendered("base"), "Namespace")["metadata"]["labels"]
        self.assertEqual(labels["pod-security.kubernetes.io/enforce"], "restricted")

    def test_memory_and_claims_are_what_the_formulas_ask_for(self):
        for _, documents in self.each():
            env = environment(documents)
            spec = only(documents, "StatefulSet")["spec"]
            pod = spec["template"]["spec"]
            resources = pod["containers"][0]["resources"]
            self.assertGreaterEqual(in_bytes(resources["limits"]["memory"]), memory_needed(env))
            self.assertEqual(resources["limits"]["memory"], resources["requests"]["memory"])
            # `tributary check` compares with the limits of its own container.
            self.assertEqual(pod["initContainers"][0]["resources"], resources)
            claim = spec["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"]
            least = int(env["TRIBUTARY_MAX_SYNCS"]) * in_bytes(env["TRIBUTARY_STAGING_LIMIT"])
            self.assertGreaterEqual(in_bytes(claim), 1.1 * least)

    def test_a_drain_fits_the_grace_period(self):
        text = (ROOT / "common/limits.h").read_text()
        seconds = sum(int(re.search(rf"{name}{{(\d+)}}", text)[1])
                      for name in ("kPauseGrace", "kDrainGrace", "kShutdownGrace")) + 3
        for _, documents in self.each():
            pod = only(documents, "StatefulSet")["spec"]["template"]["spec"]
            self.assertGreater(pod["terminationGracePeriodSeconds"], seconds + 5)

    def test_each_replica_has_a_service_of_its_own(self):
        for _, documents in self.each():
            sets = only(documents, "StatefulSet")
            pods = {f"tributary-{i}" for i in range(sets["spec"]["replicas"])}
            services = [d for d in documents if d["kind"] == "Service"]
            own = {d["spec"]["selector"].get("statefulset.kubernetes.io/pod-name")
                   for d in services} - {None}
            self.assertEqual(own, pods)
            headless = [d["metadata"]["name"] for d in services
                        if d["spec"].get("clusterIP") == "None"]
            self.assertEqual(headless, [sets["spec"]["serviceName"]])

    def test_selectors_ports_mounts_and_references_lead_somewhere(self):
        for _, documents in self.each():
            sets = only(documents, "StatefulSet")["spec"]
            labels = sets["template"]["metadata"]["labels"].items()
            self.assertLessEqual(sets["selector"]["matchLabels"].items(), labels)
            for kind, path in (("NetworkPolicy", "podSelector"), ("PodDisruptionBudget", "selector")):
                self.assertLessEqual(only(documents, kind)["spec"][path]["matchLabels"].items(), labels)
            pod = sets["template"]["spec"]
            names = {(d["kind"], d["metadata"]["name"]) for d in documents}
            self.assertIn(("ServiceAccount", pod["serviceAccountName"]), names)
            volumes = {v["name"] for v in pod.get("volumes", [])}
            volumes |= {v["metadata"]["name"] for v in sets["volumeClaimTemplates"]}
            for volume in pod.get("volumes", []):
                claim = volume.get("persistentVolumeClaim", {}).get("claimName")
                self.assertTrue(claim is None or ("PersistentVolumeClaim", claim) in names)
            for one in pod_security.containers(pod):
                self.assertLessEqual({m["name"] for m in one["volumeMounts"]}, volumes)
                for source in one["envFrom"]:
                    self.assertIn(("ConfigMap", source["configMapRef"]["name"]), names)
            ports = {p["name"]: p["containerPort"] for p in pod["containers"][0]["ports"]}
            env = environment(documents)
            self.assertEqual(ports["grpc"], int(env["TRIBUTARY_PORT"]))
            self.assertEqual(f":{ports['metrics']}", env["TRIBUTARY_METRICS_ADDRESS"])

    def test_probes_are_of_the_port_that_the_client_can_be_on(self):
        for name, documents in self.each():
            one = only(documents, "StatefulSet")["spec"]["template"]["spec"]["containers"][0]
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                # Kubernetes' gRPC probe has no TLS.
                self.assertEqual("grpc" in one[probe], name != "mtls")

    def test_flags_exist(self):
        settings = (ROOT / "supervisor/settings.cc").read_text()
        engines = "".join(p.read_text() for p in (ROOT / "worker/sources").glob("*/setup.*"))
        for _, documents in self.each():
            for twin in environment(documents):
                flag = twin.removeprefix("TRIBUTARY_").lower().replace("_", "-")
                known = f'envname("{twin}")' in settings or f'"{flag}"' in engines
                self.assertTrue(known, twin)


class Combined(unittest.TestCase):
    def test_tls_can_be_put_on_many_connections_as_the_runbook_says(self):
        with tempfile.TemporaryDirectory() as folder:
            copied = shutil.copytree(DEPLOY / "kubernetes", f"{folder}/kubernetes")
            overlay = pathlib.Path(copied) / "overlays/mtls"
            file = overlay / "kustomization.yaml"
            file.write_text(file.read_text().replace("../../base", "../many-connections"))
            documents = list(yaml.safe_load_all(run(KUBECTL, "kustomize", overlay)))
        sets = only(documents, "StatefulSet")
        self.assertEqual(sets["spec"]["replicas"], 3)
        self.assertEqual(api_schema.errors_of(sets), [])
        self.assertEqual(pod_security.violations(sets["spec"]["template"]["spec"]), {})
        self.assertLessEqual({"TRIBUTARY_TLS_CERT", "TRIBUTARY_WORKERS"}, set(environment(documents)))


class Monitoring(unittest.TestCase):
    def test_rules_are_those_of_the_rule_file(self):
        self.assertEqual(write_prometheus_rule.TARGET.read_text(), write_prometheus_rule.text(),
                         "run: make deploy-files")
        documents = rendered("monitoring")
        self.assertEqual(only(documents, "PrometheusRule")["spec"],
                         yaml.safe_load(RULES.read_text()))
        for document in documents:
            self.assertEqual(api_schema.errors_of(document), [])

    def test_monitor_reads_the_pods_port(self):
        endpoint = only(rendered("monitoring"), "PodMonitor")["spec"]["podMetricsEndpoints"][0]
        pod = only(rendered("base"), "StatefulSet")["spec"]["template"]
        self.assertIn(endpoint["port"], [p["name"] for p in pod["spec"]["containers"][0]["ports"]])


class TheChecksThemselves(unittest.TestCase):
    """Each rule reports a pod that breaks it, so no rule accepts everything."""

    def pod(self):
        return copy.deepcopy(only(rendered("base"), "StatefulSet"))

    def test_restricted(self):
        breaks = {
            "host_namespaces": {"hostPID": True},
            "volumes": {"volumes": [{"name": "x", "hostPath": {"path": "/"}}]},
            "run_as_user": {"securityContext": {"runAsUser": 0, "runAsNonRoot": True,
                                                "seccompProfile": {"type": "RuntimeDefault"}}},
            "sysctls": {"securityContext": {"sysctls": [{"name": "kernel.panic"}],
                                            "runAsNonRoot": True,
                                            "seccompProfile": {"type": "RuntimeDefault"}}},
            "seccomp": {"securityContext": {"runAsNonRoot": True}},
            "run_as_non_root": {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}},
        }
        contexts = {
            "privileged": {"privileged": True},
            "capabilities": {"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}},
            "privilege_escalation": {"allowPrivilegeEscalation": True},
            "proc_mount": {"procMount": "Unmasked"},
            "selinux_and_apparmor": {"seLinuxOptions": {"type": "spc_t"}},
            "windows_host_process": {"windowsOptions": {"hostProcess": True}},
        }
        for rule, change in breaks.items():
            pod = self.pod()["spec"]["template"]["spec"] | change
            self.assertIn(rule, pod_security.violations(pod))
        for rule, change in contexts.items():
            pod = self.pod()["spec"]["template"]["spec"]
            pod["containers"][0]["securityContext"].update(change)
            self.assertEqual(list(pod_security.violations(pod)), [rule])
        pod = self.pod()["spec"]["template"]["spec"]
        pod["containers"][0]["ports"][0]["hostPort"] = 1
        self.assertEqual(list(pod_security.violations(pod)), ["host_ports"])
        self.assertEqual(len(breaks) + len(contexts) + 1, len(pod_security.RULES))

    def test_schema(self):
        good = self.pod()
        self.assertEqual(api_schema.errors_of(good), [])
        for change in (
            lambda d: d["spec"].update(replica=1),
            lambda d: d["spec"].update(replicas="1"),
            lambda d: d["spec"].pop("serviceName"),
            lambda d: d["spec"]["template"]["spec"]["containers"][0].pop("name"),
            lambda d: d["spec"]["template"]["spec"]["containers"][0]["livenessProbe"].update(gprc={}),
            lambda d: d["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["grpc"].update(port="x"),
            lambda d: d.update(apiVersion="apps/v2"),
        ):
            bad = copy.deepcopy(good)
            change(bad)
            self.assertNotEqual(api_schema.errors_of(bad), [])


class Runbook(unittest.TestCase):
    def test_memory_is_what_the_formula_gives(self):
        text = RUNBOOK.read_text()
        formula = re.search(r"memory = (\d+) MiB \+ syncs × \((\d+) MiB \+ "
                            r"\(workers \+ 1\) × (\d+) MiB\)", text)
        supervisor, sync, worker = map(int, formula.groups())
        rows = re.findall(r"^\| (\d+) \| (\d+) \| ([\d,]+) MiB \|$", text, re.MULTILINE)
        self.assertGreater(len(rows), 2)
        for workers, syncs, memory in rows:
            env = {"TRIBUTARY_WORKERS": workers, "TRIBUTARY_MAX_SYNCS": syncs}
            by_text = supervisor + int(syncs) * (sync + (int(workers) + 1) * worker)
            self.assertEqual(by_text, int(memory.replace(",", "")))
            self.assertEqual(by_text * 2**20, memory_needed(env))

    def test_commands_name_overlays_that_there_are(self):
        named = set(re.findall(r"deploy/kubernetes/overlays/([\w-]+)", RUNBOOK.read_text()))
        self.assertEqual(named, set(OVERLAYS))


if __name__ == "__main__":
    assert metrics()
    unittest.main()
