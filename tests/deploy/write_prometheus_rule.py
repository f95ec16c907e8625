#!/usr/bin/python3
"""Writes deploy/prometheus/rules.yml as an object for the Prometheus operator; for `make
deploy-files`."""
from deployed import DEPLOY, RULES

HEAD = """\
# Made from deploy/prometheus/rules.yml by `make deploy-files`; change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: tributary
  labels: {app.kubernetes.io/name: tributary}
spec:
"""
TARGET = DEPLOY / "kubernetes/monitoring/prometheus_rule.yaml"


def text():
    lines = RULES.read_text().splitlines()
    start = lines.index("groups:")
    return HEAD + "".join(f"  {line}\n" if line else "\n" for line in lines[start:])


if __name__ == "__main__":
    TARGET.write_text(text())
