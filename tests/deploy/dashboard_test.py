#!/usr/bin/python3
"""deploy/grafana/dashboard.json: each query parses, and all metrics and recorded series that it
names exist."""
import json
import re
import tempfile
import unittest

import yaml

from deployed import DEPLOY, PROMETHEUS, metrics, rules, run, unknown_metrics

DASHBOARD = DEPLOY / "grafana/dashboard.json"


def queries():
    """The queries of all panels, variables and annotations, with values for the variables."""
    board = json.loads(DASHBOARD.read_text())
    found = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    found += [annotation["expr"] for annotation in board["annotations"]["list"]]
    for variable in board["templating"]["list"]:
        asked = re.fullmatch(r"label_values\((.+), \w+\)", variable.get("definition", ""))
        if asked:
            found.append(asked[1])
    return [re.sub(r"\$\w+", ".*", query) for query in found]


class Dashboard(unittest.TestCase):
    def test_each_query_parses(self):
        group = [{"record": f"test:query:{i}", "expr": query} for i, query in enumerate(queries())]
        self.assertGreater(len(group), 20)
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            yaml.safe_dump({"groups": [{"name": "queries", "rules": group}]}, file)
            file.flush()
            run(PROMETHEUS / "promtool", "check", "rules", file.name)

    def test_each_series_exists(self):
        recorded = {rule["record"] for rule in rules() if "record" in rule}
        for query in queries():
            self.assertEqual(unknown_metrics(query), set(), query)
            used = set(re.findall(r"\btributary:[\w:]+", query))
            self.assertEqual(used - recorded, set(), query)

    def test_what_is_counted_is_drawn(self):
        text = DASHBOARD.read_text() + "".join(rule["expr"] for rule in rules())
        # The metrics by table are off by default; `compare` has its own report.
        left_out = {m for m in metrics() if m.startswith(("tributary_sync_table_", "tributary_compare"))}
        missing = {name for name in metrics() - left_out if name not in text}
        self.assertLessEqual(missing, {"tributary_sync_worker_memory_bytes",
                                       "tributary_stream_messages_total"})

    def test_panels_have_a_title_a_unit_and_a_place_of_their_own(self):
        taken = set()
        for panel in json.loads(DASHBOARD.read_text())["panels"]:
            self.assertTrue(panel["title"])
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24)
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertNotIn((x, y), taken, panel["title"])
                    taken.add((x, y))
            if panel["type"] != "row":
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])


if __name__ == "__main__":
    unittest.main()
