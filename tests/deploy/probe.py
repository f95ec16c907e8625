#!/usr/bin/python3
"""A kubelet's probe of this network's loopback: probe.py grpc PORT, probe.py httpGet PORT PATH.
Exit code 0: it succeeds."""
import sys
import urllib.request

import grpc

# grpc.health.v1.HealthCheckResponse with status = SERVING.
SERVING = b"\x08\x01"


def grpc_serves(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        return check(b"", timeout=1) == SERVING


def http_answers(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as answer:
        return 200 <= answer.status < 400


if __name__ == "__main__":
    kind, port, path = (sys.argv + [""])[1:4]
    sys.exit(0 if (grpc_serves(port) if kind == "grpc" else http_answers(port, path)) else 1)
