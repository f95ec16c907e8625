#!/usr/bin/python3
"""tests/PROMISES.md matches its sources, and the tests that it names exist."""
import unittest

import write_promises


class PromisesPage(unittest.TestCase):
    def test_page_is_made_of_its_sources(self):
        self.assertEqual(write_promises.TARGET.read_text(),
                         write_promises.text(write_promises.kept()), "run: make test-tables")

    def test_each_promise_is_proved_by_tests_that_exist_or_admits_a_gap(self):
        known = write_promises.suites()
        proofs = write_promises.proofs()
        self.assertEqual(set(proofs), set(write_promises.promises()))
        for number, one in proofs.items():
            self.assertTrue(one.get("tests") or one.get("gap"), number)
            for name in one.get("tests", []):
                suite, _, case = name.partition(".")
                self.assertIn(suite, known, number)
                self.assertTrue(not case or case in known[suite], name)

    def test_each_figure_is_of_a_case_that_exists(self):
        known = write_promises.suites()
        self.assertTrue(write_promises.kept())
        for name in write_promises.kept():
            suite, _, case = name.partition(".")
            self.assertIn(case, known.get(suite, {}), name)


if __name__ == "__main__":
    unittest.main()
