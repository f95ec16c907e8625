"""Where the files of deploy/ are, and which metrics the connector has; for the tests in this
folder."""
import pathlib
import re
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
RUNBOOK = DEPLOY / "README.md"
PROMETHEUS = ROOT / "build/prometheus/usr/bin"
ALERTMANAGER = ROOT / "build/prometheus-alertmanager/usr/bin/prometheus-alertmanager"
KUBECTL = ROOT / "build/kubernetes-client/usr/bin/kubectl"
RULES = DEPLOY / "prometheus/rules.yml"


def run(*words, **options):
    """A program's output; an AssertionError with all output if it fails."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def metrics():
    """The names in the table of supervisor/metrics/README.md; another test compares this table with
    the metrics that the connector serves."""
    text = (ROOT / "supervisor/metrics/README.md").read_text()
    names = set(re.findall(r"^\| `(tributary_\w+)", text, re.MULTILINE))
    assert len(names) > 15, names
    return names


def unknown_metrics(expression):
    """Metrics that an expression names and that the connector does not have; names of recorded
    rules have colons."""
    known = metrics()
    found = set()
    for name in re.findall(r"\btributary_\w+(?![\w:])", expression):
        plain = re.sub(r"_(bucket|sum|count)$", "", name)
        if name not in known and plain not in known:
            found.add(name)
    return found


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def anchors(markdown):
    """The anchors of a page's headings, as GitHub makes them."""
    made = set()
    for heading in re.findall(r"^#+ (.+)$", markdown, re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        made.add(plain.strip().replace(" ", "-"))
    return made
