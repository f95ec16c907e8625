"""The rules of Pod Security Standards' level "restricted", and of "baseline" below it, one function
each, as kubernetes.io/docs/concepts/security/pod-security-standards lists them."""

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
           "projected", "secret"}
SYSCTLS = {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
           "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start"}


def containers(pod):
    return (pod.get("initContainers", []) + pod.get("containers", []) +
            pod.get("ephemeralContainers", []))


def security(one):
    return one.get("securityContext", {})


def host_namespaces(pod):
    return [key for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key)]


def privileged(pod):
    return [c["name"] for c in containers(pod) if security(c).get("privileged")]


def capabilities(pod):
    bad = []
    for one in containers(pod):
        held = security(one).get("capabilities", {})
        if "ALL" not in held.get("drop", []):
            bad.append(f"{one['name']} drops not all")
        bad += [f"{one['name']} adds {c}" for c in held.get("add", []) if c != "NET_BIND_SERVICE"]
    return bad


def host_ports(pod):
    return [c["name"] for c in containers(pod) for p in c.get("ports", []) if p.get("hostPort")]


def seccomp(pod):
    bad = []
    for one in containers(pod):
        profile = security(one).get("seccompProfile", security(pod).get("seccompProfile", {}))
        if profile.get("type") not in ("RuntimeDefault", "Localhost"):
            bad.append(one["name"])
    return bad


def volumes(pod):
    return [v["name"] for v in pod.get("volumes", []) if not set(v) - {"name"} <= VOLUMES]


def privilege_escalation(pod):
    return [c["name"] for c in containers(pod)
            if security(c).get("allowPrivilegeEscalation") is not False]


def run_as_non_root(pod):
    return [c["name"] for c in containers(pod)
            if security(c).get("runAsNonRoot", security(pod).get("runAsNonRoot")) is not True]


def run_as_user(pod):
    return [one.get("name", "the pod") for one in [pod] + containers(pod)
            if security(one).get("runAsUser") == 0]


def proc_mount(pod):
    return [c["name"] for c in containers(pod)
            if security(c).get("procMount", "Default") != "Default"]


def sysctls(pod):
    return [s["name"] for s in security(pod).get("sysctls", []) if s["name"] not in SYSCTLS]


def selinux_and_apparmor(pod):
    bad = []
    for one in [pod] + containers(pod):
        options = security(one).get("seLinuxOptions", {})
        if options.get("type", "") not in ("", "container_t", "container_init_t",
                                           "container_kvm_t", "container_engine_t"):
            bad.append(one.get("name", "the pod"))
        if options.get("user") or options.get("role"):
            bad.append(one.get("name", "the pod"))
        if security(one).get("appArmorProfile", {}).get("type") == "Unconfined":
            bad.append(one.get("name", "the pod"))
    return bad


def windows_host_process(pod):
    return [one.get("name", "the pod") for one in [pod] + containers(pod)
            if security(one).get("windowsOptions", {}).get("hostProcess")]


RULES = (host_namespaces, privileged, capabilities, host_ports, seccomp, volumes,
         privilege_escalation, run_as_non_root, run_as_user, proc_mount, sysctls,
         selinux_and_apparmor, windows_host_process)


def violations(pod):
    """The violations of each rule in a pod's spec: {"capabilities": ["tributary adds
    SYS_ADMIN"]}."""
    found = {rule.__name__: rule(pod) for rule in RULES}
    return {name: what for name, what in found.items() if what}
