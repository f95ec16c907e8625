"""Runs a pod's template as it is written, without a cluster: its init containers and its container,
on the unpacked image, with its command line, environment, user, groups, limits, read-only root,
capabilities, seccomp profile, volumes and probes. As root."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 60
UNITS = {"Mi": 2**20, "Gi": 2**30}


def control_groups(memory):
    """Control groups that limit memory, of version 1 or 2; if they cannot be made, there are none
    and a line says so."""
    name = f"tributary-pod-{uuid.uuid4().hex[:8]}"
    for base, file in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                       ("/sys/fs/cgroup", "memory.max")):
        group = pathlib.Path(base) / name
        try:
            if file == "memory.max":
                (pathlib.Path(base) / "cgroup.subtree_control").write_text("+memory")
            group.mkdir()
            (group / file).write_text(str(memory))
            return [str(group)]
        except OSError:
            if group.is_dir():
                group.rmdir()
    print("no control group for memory can be made here: the pod runs without its limit")
    return []


class Pod:
    """One pod of a StatefulSet. `image`: the result of make_image.sh. `volumes`: a folder for each
    volume's name, as the kubelet would mount it; `documents`: the output of kubectl."""

    def __init__(self, documents, image, volumes, folder):
        self.folder = pathlib.Path(folder)
        self.image = pathlib.Path(image)
        self.volumes = volumes
        self.config_maps = {d["metadata"]["name"]: d["data"] for d in documents
                            if d["kind"] == "ConfigMap"}
        sets = [d for d in documents if d["kind"] == "StatefulSet"]
        self.spec = sets[0]["spec"]["template"]["spec"]
        self.config = json.loads((self.image / "config.json").read_text())["OCIv1"]["config"]
        self.process = None
        self.log = self.folder / "pod.log"

    def take_volumes(self):
        """What the kubelet does for fsGroup, in writable volumes."""
        group = self.spec["securityContext"]["fsGroup"]
        written = {m["name"] for m in self.spec["containers"][0]["volumeMounts"]
                   if not m.get("readOnly")}
        for name in written:
            for path, _, files in os.walk(self.volumes[name]):
                os.chown(path, -1, group)
                os.chmod(path, os.stat(path).st_mode | 0o2770)
                for file in files:
                    os.chown(f"{path}/{file}", -1, group)
                    os.chmod(f"{path}/{file}", os.stat(f"{path}/{file}").st_mode | 0o660)

    def arguments(self, container):
        """Kubernetes' rules: a command replaces the image's entry point, args replace its
        arguments."""
        command = container.get("command") or self.config.get("Entrypoint") or []
        return command + (container.get("args") or
                          ([] if container.get("command") else self.config.get("Cmd") or []))

    def environment(self, container):
        made = dict(entry.split("=", 1) for entry in self.config.get("Env", []))
        for source in container.get("envFrom", []):
            made.update(self.config_maps[source["configMapRef"]["name"]])
        made.update({one["name"]: one["value"] for one in container.get("env", [])})
        return made

    def memory(self, container):
        number, unit = re.fullmatch(r"(\d+)(\w+)",
                                    container["resources"]["limits"]["memory"]).groups()
        return int(number) * UNITS[unit]

    def start(self, container, log):
        own, pods = container["securityContext"], self.spec["securityContext"]
        either = lambda key: own.get(key, pods.get(key))
        if either("runAsNonRoot"):
            assert either("runAsUser") != 0
        self.groups = control_groups(self.memory(container))
        spec = {
            "root": str(self.image / "root"),
            "mounts": [{"source": str(self.volumes[m["name"]]), "target": m["mountPath"],
                        "read_only": m.get("readOnly", False)}
                       for m in container["volumeMounts"]],
            "arguments": self.arguments(container),
            "environment": self.environment(container),
            "uid": either("runAsUser"), "gid": either("runAsGroup"),
            "groups": [pods["fsGroup"]],
            "read_only_root": own["readOnlyRootFilesystem"],
            "no_new_privileges": not own["allowPrivilegeEscalation"],
            "drop_all": own["capabilities"]["drop"] == ["ALL"],
            "seccomp": either("seccompProfile")["type"],
            "control_groups": self.groups,
        }
        path = self.folder / f"{container['name']}.json"
        path.write_text(json.dumps(spec))
        return subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child",
             "/usr/bin/python3", str(HERE / "contain.py"), str(path)],
            stdout=log, stderr=subprocess.STDOUT)

    def leave_groups(self):
        for group in self.groups:
            for _ in range(50):
                try:
                    os.rmdir(group)
                    break
                except OSError:
                    time.sleep(0.1)

    def run_init(self):
        """Runs the init containers one after another; returns their output."""
        said = ""
        for container in self.spec.get("initContainers", []):
            path = self.folder / f"{container['name']}.log"
            with open(path, "w") as log:
                code = self.start(container, log).wait(PATIENCE)
            self.leave_groups()
            said += path.read_text()
            assert code == 0, f"init container {container['name']} ended with {code}:\n{said}"
        return said

    def begin(self):
        """Volumes, init containers, the container, and its startup and readiness probes."""
        self.take_volumes()
        said = self.run_init()
        self.begin_container()
        return said

    def begin_container(self):
        self.began = time.monotonic()
        with open(self.log, "w") as log:
            self.process = self.start(self.spec["containers"][0], log)
        container = self.spec["containers"][0]
        deadline = time.monotonic() + PATIENCE
        while not self.pid() or not self.probe(container["startupProbe"]):
            assert self.process.poll() is None and time.monotonic() < deadline, self.said()
            time.sleep(0.02)
        assert self.probe(container["readinessProbe"]), self.said()
        assert self.probe(container["livenessProbe"]), self.said()

    def pid(self):
        """The pid of the container's first process on this machine; None before it exists."""
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        try:
            pids = pathlib.Path(children).read_text().split()
            if pids and os.readlink(f"/proc/{pids[0]}/exe").endswith("/tributary"):
                return int(pids[0])
        except OSError:
            pass
        return None

    def inside(self, *words, **options):
        """Starts a program of this machine in the pod's network."""
        return subprocess.Popen(["nsenter", f"--net=/proc/{self.pid()}/ns/net", *map(str, words)],
                                text=True, **options)

    def probe(self, probe):
        kind, what = next((k, v) for k, v in probe.items() if k in ("grpc", "httpGet"))
        ports = {p["name"]: p["containerPort"] for p in self.spec["containers"][0]["ports"]}
        port = ports.get(what["port"], what["port"])
        words = [str(HERE / "probe.py"), kind, str(port), what.get("path", "")]
        asked = self.inside("/usr/bin/python3", *words, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
        return asked.wait() == 0

    def said(self):
        return self.log.read_text()

    def logged(self, message):
        """The lines of the log with this message."""
        found = []
        for line in self.said().splitlines():
            if line.startswith("{") and message in line:
                entry = json.loads(line)
                if message in entry["message"]:
                    found.append(entry)
        return found

    def memory_in_use(self):
        """Bytes of the container's own and shared memory; 0 if there is no control group."""
        names = {"total_rss", "total_shmem", "total_mapped_file", "anon", "shmem"}
        for group in self.groups:
            lines = (pathlib.Path(group) / "memory.stat").read_text().splitlines()
            stat = {key: int(value) for key, value in map(str.split, lines) if key in names}
            if "total_rss" in stat:
                # Version 1 counts mapped shared memory as mapped files.
                return stat["total_rss"] + stat.get("total_shmem", stat["total_mapped_file"])
            return stat["anon"] + stat["shmem"]
        return 0

    def memory_kills(self):
        """The number of processes that the kernel killed because the container's memory was used
        up."""
        for group in self.groups:
            for name in ("memory.oom_control", "memory.events"):
                file = pathlib.Path(group) / name
                if file.exists():
                    return int(re.search(r"oom_kill (\d+)", file.read_text())[1])
        return 0

    def terminate(self):
        """SIGTERM, and SIGKILL after the grace period, as the kubelet does; returns the exit code,
        and the seconds from the signal to the end."""
        began = time.monotonic()
        os.kill(self.pid(), signal.SIGTERM)
        try:
            self.process.wait(self.spec["terminationGracePeriodSeconds"])
        except subprocess.TimeoutExpired:
            self.kill()
        took = time.monotonic() - began
        self.leave_groups()
        return self.process.returncode, took

    def kill(self):
        """The node fails."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            self.leave_groups()


def move(volume, elsewhere):
    """Another node: it has the volume's content, with another path and device number."""
    shutil.copytree(volume, elsewhere, symlinks=True)
    shutil.rmtree(volume)
    return elsewhere
