#!/usr/bin/python3
"""Makes tests/PROMISES.md from the promises in common/DESIGN.md, promises.yaml and the figures that
tests recorded; for `make test-tables`. Argument: the folder of results that ctest left, in which
each case has its file; without it the page keeps its figures."""
import pathlib
import re
import sys
from xml.etree import ElementTree

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DESIGN = ROOT / "common/DESIGN.md"
SOURCE = ROOT / "tests/promises/promises.yaml"
TARGET = ROOT / "tests/PROMISES.md"
HEAD = """\
# The promises, and what proves them

Made by `make test-tables` from the promises of [common/DESIGN.md](../common/DESIGN.md), from
[promises.yaml](promises/promises.yaml), and from the figures that the tests of the last
`make test` recorded. A test checks that everything named here exists.
"""


def promises():
    """Each promise's text by its number."""
    section = DESIGN.read_text().split("\n## Promises\n")[1].split("\n## ")[0]
    found = re.findall(r"^(\d+)\. (.*(?:\n +.*)*)", section, re.MULTILINE)
    return {int(number): re.sub(r"\s+", " ", text) for number, text in found}


def suites():
    """Each suite's cases, and the file of each."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("*_test.cc")):
        for suite, case in re.findall(r"^\s*(?:TYPED_)?TEST(?:_F|_P)?\((\w+),\s*(\w+)\)",
                                      path.read_text(), re.MULTILINE):
            found.setdefault(suite, {})[case] = path.relative_to(ROOT / "tests")
    return found


def proofs():
    return yaml.safe_load(SOURCE.read_text())


def recorded(folder):
    """The figures that cases recorded, by suite and case."""
    figures = {}
    for path in sorted(pathlib.Path(folder).rglob("*.xml")):
        for case in ElementTree.parse(path).iter("testcase"):
            # The case of a parameterized suite is Table/Suite.Case/N.
            name = f"{case.get('classname').split('/')[-1]}.{case.get('name').split('/')[0]}"
            for one in case.iter("property"):
                if one.get("name") == "figures":
                    figures.setdefault(name, []).append(one.get("value"))
    return {name: "; ".join(texts) for name, texts in figures.items()}


def kept():
    """The figures that the page has."""
    if not TARGET.exists():
        return {}
    return dict(re.findall(r"^\| `([\w.]+)` \| (.*) \|$", TARGET.read_text(), re.MULTILINE))


def proof(name, known):
    suite, _, case = name.partition(".")
    if case:
        return f"[{name}]({known[suite][case]})"
    files = sorted(set(known[suite].values()))
    cases = len(known[suite])
    counted = f"{cases} cases" if cases > 1 else "1 case"
    links = ", ".join(f"[{path.name}]({path})" for path in files)
    return f"{suite}: {links} ({counted})" if len(files) > 1 else f"[{suite}]({files[0]}) ({counted})"


def text(figures):
    known = suites()
    lines = [HEAD, "| # | promise | proved by |", "| --- | --- | --- |"]
    for number, promise in promises().items():
        one = proofs().get(number, {})
        cells = [proof(name, known) for name in one.get("tests", [])]
        if "gap" in one or not cells:
            cells.append(f"**Gap:** {one.get('gap', 'no test is named')}")
        lines.append(f"| {number} | {promise} | {'<br>'.join(cells)} |")
    lines += ["", "## Figures of one run", "", "| case | what it tried or saw |", "| --- | --- |"]
    lines += [f"| `{name}` | {value} |" for name, value in sorted(figures.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(recorded(sys.argv[1]) if len(sys.argv) > 1 else kept()))
