#!/usr/bin/python3
"""deploy/FAULTS.md matches faults.yaml, and everything that it names exists: tests, alerts, metrics
and lines of the log."""
import re
import unittest

import write_faults
from deployed import ROOT, rules, unknown_metrics


class Faults(unittest.TestCase):
    def test_page_is_made_of_its_source(self):
        self.assertEqual(write_faults.TARGET.read_text(), write_faults.text(),
                         "run: make deploy-files")

    def test_each_failure_is_proved_by_tests_that_exist_or_admits_a_gap(self):
        known = write_faults.tests()
        for one in write_faults.failures():
            self.assertTrue(one.get("tests") or one.get("gap"), one)
            for name in one.get("tests", []):
                self.assertIn(name, known, one)

    def test_fields_are_those_of_the_table(self):
        fields = {"failure", "engine", "user", "operator", "lost", "tests", "gap"}
        for one in write_faults.failures():
            self.assertLessEqual(set(one), fields, one)
            self.assertLessEqual({"failure", "user", "operator"}, set(one))
            self.assertIn(one.get("engine", "all"), ("all",) + write_faults.ENGINES)
            for value in one.values():
                self.assertNotIn("|", str(value))

    def test_each_engine_has_failures_of_its_own_wherever_a_source_is_concerned(self):
        for layer in write_faults.layers():
            if "source" not in layer["layer"]:
                continue
            engines = {one.get("engine", "all") for one in layer["failures"]}
            self.assertLessEqual(set(write_faults.ENGINES), engines, layer["layer"])

    def test_alerts_metrics_and_lines_of_the_log_exist(self):
        alerts = {rule["alert"] for rule in rules() if "alert" in rule}
        sources = "".join(re.sub(r'"\s*\n\s*"', "", path.read_text())
                          for folder in ("supervisor", "worker", "common")
                          for path in (ROOT / folder).rglob("*.cc"))
        for one in write_faults.failures():
            said = one["operator"]
            self.assertLessEqual(set(re.findall(r"\bTributary\w+", said)), alerts, one)
            self.assertEqual(unknown_metrics(said), set(), one)
            for message in re.findall(r'"([^"]+)', said)[::2]:
                self.assertIn(message, sources, one)

    def test_each_alert_has_a_failure(self):
        named = " ".join(one["operator"] for one in write_faults.failures())
        alerts = {rule["alert"] for rule in rules() if "alert" in rule}
        self.assertEqual({alert for alert in alerts if alert not in named},
                         set(), "an alert for which no failure is listed")


if __name__ == "__main__":
    unittest.main()
