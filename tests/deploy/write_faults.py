#!/usr/bin/python3
"""Makes deploy/FAULTS.md from deploy/faults.yaml and the names of the tests; for `make
deploy-files`."""
import re

import yaml

from deployed import DEPLOY, ROOT

SOURCE = DEPLOY / "faults.yaml"
TARGET = DEPLOY / "FAULTS.md"
ENGINES = ("sqlite", "postgresql")
HEAD = """\
# What can go wrong, and what proves it

Made from [faults.yaml](faults.yaml) by `make deploy-files`, which finds each test; a test checks
that everything named here exists. The meaning of each alert (Tributary…) is in
[README.md](README.md#alerts). Quoted texts are messages in the log.

{count} failures: {proved} are proved by tests, {admitted} have a gap.
"""


def tests():
    """The name of each test, and its file."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("*_test.cc")):
        for suite, name in re.findall(r"^\s*(?:TYPED_)?TEST(?:_F|_P)?\((\w+),\s*(\w+)\)",
                                      path.read_text(), re.MULTILINE):
            found[f"{suite}.{name}"] = path.relative_to(ROOT)
    for path in sorted((ROOT / "tests/deploy").glob("*_test.py")):
        suite = None
        for line in path.read_text().splitlines():
            suite = (re.match(r"class (\w+)", line) or [None, suite])[1]
            if name := re.match(r"    def (test_\w+)", line):
                found[f"{suite}.{name[1]}"] = path.relative_to(ROOT)
    return found


def layers():
    return yaml.safe_load(SOURCE.read_text())


def failures():
    return [failure for layer in layers() for failure in layer["failures"]]


def proof(failure, known):
    lines = [f"[{name}](../{known[name]})" for name in failure.get("tests", [])]
    if "gap" in failure:
        lines.append(f"**Gap:** {failure['gap']}")
    return "<br>".join(lines)


def text():
    known = tests()
    every = failures()
    lines = [HEAD.format(count=len(every), proved=sum("tests" in one for one in every),
                         admitted=sum("gap" in one for one in every))]
    for layer in layers():
        lines += [f"## {layer['layer']}", "",
                  "| failure | engine | the user sees | the operator sees | lost | proved by |",
                  "| --- | --- | --- | --- | --- | --- |"]
        for one in layer["failures"]:
            cells = [one["failure"], one.get("engine", "all"), one["user"], one["operator"],
                     one.get("lost", "nothing"), proof(one, known)]
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    TARGET.write_text(text())
