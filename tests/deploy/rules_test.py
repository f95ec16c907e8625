#!/usr/bin/python3
"""Alert and recording rules: promtool accepts them and tests that each alert fires and does not
fire when it should; all metrics that they name exist, and each alert links to a section of the
runbook."""
import pathlib
import re
import shutil
import tempfile
import unittest

import yaml

from deployed import DEPLOY, PROMETHEUS, RULES, RUNBOOK, anchors, rules, run, unknown_metrics

UNIT_TESTS = pathlib.Path(__file__).with_name("rules_test.yml")


class Rules(unittest.TestCase):
    def test_promtool_accepts_them_and_its_unit_tests_pass(self):
        run(PROMETHEUS / "promtool", "check", "rules", RULES)
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(RULES, folder)
            shutil.copy(UNIT_TESTS, folder)
            run(PROMETHEUS / "promtool", "test", "rules", UNIT_TESTS.name, cwd=folder)

    def test_each_alert_is_tested_to_fire_and_to_stay_silent(self):
        fires, silent = set(), set()
        for case in yaml.safe_load(UNIT_TESTS.read_text())["tests"]:
            for check in case.get("alert_rule_test", []):
                (fires if check["exp_alerts"] else silent).add(check["alertname"])
        # If a case has several series, an alert for one of them is silent for the others.
        alerts = {rule["alert"] for rule in rules() if "alert" in rule}
        self.assertEqual(alerts - fires, set(), "never fires in rules_test.yml")
        self.assertEqual(alerts - silent, set(), "is never silent in rules_test.yml")

    def test_each_metric_exists(self):
        for rule in rules():
            self.assertEqual(unknown_metrics(rule["expr"]), set(), rule)

    def test_each_recorded_series_that_is_used_is_recorded(self):
        recorded = {rule["record"] for rule in rules() if "record" in rule}
        for rule in rules():
            used = set(re.findall(r"\btributary:[\w:]+", rule["expr"]))
            self.assertEqual(used - recorded, set(), rule)

    def test_each_alert_leads_to_its_paragraph_of_the_runbook(self):
        text = RUNBOOK.read_text()
        for rule in rules():
            if "alert" not in rule:
                continue
            page, anchor = rule["annotations"]["runbook_url"].split("#")
            self.assertEqual(DEPLOY.parent / page, RUNBOOK)
            self.assertIn(anchor, anchors(text), rule["alert"])
            self.assertEqual(anchor, rule["alert"].lower())
            paragraph = re.search(rf"^#+ {rule['alert']}\n(.*?)(?=^#|\Z)", text, re.M | re.S)
            for part in ("**Meaning.**", "**Effect.**", "**Do.**"):
                self.assertIn(part, paragraph.group(1), rule["alert"])

    def test_each_severity_is_one_of_three(self):
        for rule in rules():
            if "alert" in rule:
                self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"))


if __name__ == "__main__":
    unittest.main()
