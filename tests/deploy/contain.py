#!/usr/bin/python3
"""Does to itself what a container runtime does, and becomes the container's program. Run as root,
as the first process of new namespaces (unshare --mount --pid --net --ipc --uts --fork), with a file
that pod.py writes: root, mounts, environment, arguments, user, limits."""
import ctypes
import json
import os
import subprocess
import sys

import seccomp

PR_SET_NO_NEW_PRIVS = 38
PR_CAPBSET_DROP = 24
LIBC = ctypes.CDLL(None, use_errno=True)
PROFILE = "/usr/share/containers/seccomp.json"
COMPARE = {"SCMP_CMP_EQ": seccomp.EQ, "SCMP_CMP_NE": seccomp.NE,
           "SCMP_CMP_MASKED_EQ": seccomp.MASKED_EQ}


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def prctl(*arguments):
    if LIBC.prctl(*arguments, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl{arguments}")


def make_root(spec):
    """The image's files with the volumes, /proc, /sys and a few devices; everything else is
    read-only."""
    root = spec["root"]
    mount("--make-rprivate", "/")
    mount("--bind", root, root)
    for one in spec["mounts"]:
        os.makedirs(root + one["target"], exist_ok=True)
    if spec["read_only_root"]:
        mount("-o", "remount,bind,ro,nodev", root)
    mount("-t", "proc", "-o", "nosuid,nodev,noexec", "proc", root + "/proc")
    mount("--rbind", "/sys", root + "/sys")
    mount("-t", "tmpfs", "-o", "nosuid,mode=755,size=64k", "tmpfs", root + "/dev")
    for device in ("null", "zero", "full", "random", "urandom"):
        open(f"{root}/dev/{device}", "w").close()
        mount("--bind", f"/dev/{device}", f"{root}/dev/{device}")
    for one in spec["mounts"]:
        mount("--bind", one["source"], root + one["target"])
        options = "remount,bind,nosuid,nodev" + (",ro" if one["read_only"] else ",rw")
        mount("-o", options, root + one["target"])


def restrict_to(profile):
    """A filter of system calls in the form of the runtimes' profiles, for a container without
    capabilities."""
    errno = profile.get("defaultErrnoRet", 1)
    allow = {"SCMP_ACT_ALLOW": seccomp.ALLOW}
    made = seccomp.SyscallFilter(seccomp.ERRNO(errno))
    for rule in profile["syscalls"]:
        includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
        if includes.get("caps") or "amd64" not in includes.get("arches", ["amd64"]):
            continue
        if "amd64" in excludes.get("arches", []):
            continue
        action = allow.get(rule["action"], seccomp.ERRNO(rule.get("errnoRet") or 1))
        arguments = [seccomp.Arg(a["index"], COMPARE[a["op"]], a["value"])
                     for a in rule.get("args") or []]
        for name in rule["names"]:
            try:
                made.add_rule(action, name, *arguments)
            except (RuntimeError, ValueError, OSError):
                pass  # This libseccomp does not know the system call, or the default is the same.
    made.load()


def main():
    with open(sys.argv[1]) as file:
        spec = json.load(file)
    profile = spec.get("profile")
    if spec.get("seccomp") == "RuntimeDefault":
        with open(PROFILE) as file:
            profile = json.load(file)
    for group in spec["control_groups"]:
        with open(f"{group}/cgroup.procs", "w") as file:
            file.write("0")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    make_root(spec)
    os.chroot(spec["root"])
    os.chdir("/")
    if spec["drop_all"]:
        with open("/proc/sys/kernel/cap_last_cap") as file:
            last = int(file.read())
        for capability in range(last + 1):
            prctl(PR_CAPBSET_DROP, capability)
    os.setgroups(spec["groups"])
    os.setresgid(spec["gid"], spec["gid"], spec["gid"])
    os.setresuid(spec["uid"], spec["uid"], spec["uid"])
    if spec["no_new_privileges"]:
        prctl(PR_SET_NO_NEW_PRIVS, 1)
    if profile:
        restrict_to(profile)
    os.execve(spec["arguments"][0], spec["arguments"], spec["environment"])


if __name__ == "__main__":
    main()
