#!/usr/bin/python3
"""The status page in Chromium while a real sync of 10,000 tables runs.

page_test.py FOLDER_OF_PROGRAMS FOLDER_OF_SCREENSHOTS
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

from browser import PATIENCE, Browser

TABLES = 10_000
LARGE = 3
LARGE_ROWS = 60_000
# The client's delay for each message, so that the sync lasts some time.
READ_DELAY_MS = 5
# In each row, and nowhere else.
VALUE = "Hypatia415"
TOKEN = "0123456789abcdef0123456789abcdef"
HOSTILE = ["<img src=x onerror=document.title='owned'>",
           "\"><script>document.title='owned'</script>"]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def make_source(path):
    """10,000 small tables, some large ones, one that cannot be read, and names with special
    characters."""
    source = sqlite3.connect(path)
    source.execute("PRAGMA journal_mode = OFF")
    source.execute("PRAGMA synchronous = OFF")
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {})"
    names = [f"t{i:05}" for i in range(TABLES - LARGE - len(HOSTILE) - 1)] + HOSTILE
    for name in names:
        source.execute(f"CREATE TABLE {quoted(name)}(id INTEGER PRIMARY KEY, text TEXT)")
        source.execute(numbers.format(5) + f" INSERT INTO {quoted(name)} SELECT i, '{VALUE}' FROM n")
    for i in range(LARGE):
        source.execute(f"CREATE TABLE large{i}(id INTEGER PRIMARY KEY, text TEXT)")
        source.execute(numbers.format(LARGE_ROWS + i) + f" INSERT INTO large{i}"
                       f" SELECT i, '{VALUE}' || hex(randomblob(150)) FROM n")
    source.execute("CREATE TABLE barred(id INTEGER PRIMARY KEY, path TEXT)")
    source.execute(f"INSERT INTO barred VALUES(1, '{VALUE}')")
    source.execute("ALTER TABLE barred ADD COLUMN value AS (json_extract('{}', path))")
    source.commit()
    source.close()


class Connector:
    def __init__(self, program, folder):
        token = os.path.join(folder, "token")
        with open(token, "w") as file:
            file.write(TOKEN + "\n")
        self._log = open(os.path.join(folder, "connector.log"), "w+")
        self.process = subprocess.Popen(
            [program, "--port", "0", "--workers", "2", "--sqlite-root", folder, "--staging-dir",
             os.path.join(folder, "staging"), "--checkpoint-interval", "1", "--metrics-address",
             "0", "--web-token-file", token], stdout=self._log, stderr=subprocess.STDOUT)
        self.web = self._field("metrics can be scraped", "address")
        self.port = self._field("serving", "port")

    def lines(self):
        with open(self._log.name) as log:
            return [json.loads(line) for line in log if line.endswith("\n")]

    def _field(self, message, field):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for line in self.lines():
                if line.get("message") == message:
                    return line[field]
            time.sleep(0.05)
        raise AssertionError(f"the log never says {message!r}: {self.lines()}")

    def status(self):
        request = urllib.request.Request(f"http://{self.web}/status.json",
                                         headers={"Authorization": "Bearer " + TOKEN})
        with urllib.request.urlopen(request) as answer:
            return answer.read().decode()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0


def start_sync(program, connector, folder):
    config = os.path.join(folder, "config.json")
    with open(config, "w") as file:
        json.dump({"source": "sqlite", "database_path": "shop.db"}, file)
    # A slow client, so that the sync lasts.
    return subprocess.Popen([program, "--address", "localhost:" + connector.port, "--config", config,
                             "--state", os.path.join(folder, "state.json"), "--drain",
                             "--skip-setup", "--read-delay-ms", str(READ_DELAY_MS)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


FIRST_ROW = "[...document.querySelectorAll('.row')].sort((a, b) => a.offsetTop - b.offsetTop)[0]"
COUNT = "document.getElementById('tables-count').textContent"


def cell(number):
    return f"{FIRST_ROW}.children[{number}].textContent"


def see_the_page(browser, connector):
    browser.call("Page.navigate", url=f"http://{connector.web}/?token={TOKEN}")
    browser.until("document.getElementById('running-none') && "
                  "!document.getElementById('running-none').hidden", "a page without a sync")
    assert browser.run("location.href") == f"http://{connector.web}/", "the token is in the line"


def see_updates(browser):
    browser.until("document.querySelector('#running article') !== null", "the sync that runs")
    browser.until("document.querySelectorAll('#running tbody tr').length > 0", "workers")
    browser.until(f"{COUNT} === '{TABLES:,}'", "all tables")
    facts = "document.querySelector('#running dl').innerText"
    before = browser.run(facts)
    browser.until(f"{facts} !== {json.dumps(before)}", "figures that move")
    browser.until("document.querySelector('#running [data-is=\"rows-plot\"]')"
                  ".getAttribute('points').length > 0", "a plot")


def sort_and_filter(browser):
    assert browser.run("document.querySelectorAll('.row').length") < 100, "all rows are drawn"
    clicks = "document.querySelectorAll('#tables-head button')[{}].click()"
    times = browser.run("(() => { const began = performance.now(); " + clicks.format(2)
                        + "; return performance.now() - began; })()")
    rows = f"{LARGE_ROWS + LARGE - 1:,}"
    browser.until(f"{cell(2)} === '{rows}'", "the table with the most rows on top")
    assert browser.run(cell(0)) == f"main.large{LARGE - 1}"
    browser.run(clicks.format(0))
    first = browser.run(cell(0))
    browser.run(clicks.format(0))
    last = browser.run(cell(0))
    assert first < last, (first, last)
    # Scrolls to the end of the list; the page must not draw all of it.
    browser.run("(() => { const view = document.getElementById('tables-view');"
                " view.scrollTop = view.scrollHeight; })()")
    browser.until(f"[...document.querySelectorAll('.row')].some((row) => "
                  f"row.children[0].textContent === {json.dumps(first)})", "the last row")
    assert browser.run("document.querySelectorAll('.row').length") < 100

    set_filter = ("(() => {{ const box = document.getElementById('{0}'); box.value = {1};"
                  " box.dispatchEvent(new Event('{2}')); }})()")
    browser.run(set_filter.format("filter", "'T0012'", "input"))
    assert browser.run(COUNT) == f"10 of {TABLES:,}", browser.run(COUNT)
    browser.run(set_filter.format("filter", "''", "input"))
    browser.run(set_filter.format("phase", "'aside'", "change"))
    browser.until(f"{COUNT} === '1 of {TABLES:,}'", "the table that is put aside")
    assert browser.run(cell(0)) == "main.barred"
    assert "put aside" in browser.run(cell(6))
    browser.run(set_filter.format("phase", "''", "change"))
    for name in HOSTILE:
        browser.run(set_filter.format("filter", json.dumps(name), "input"))
        assert browser.run(cell(0)) == "main." + name
    browser.run(set_filter.format("filter", "''", "input"))
    assert browser.run("document.images.length") == 0
    assert browser.run("document.scripts.length") == 1
    assert browser.run("document.title") == "tributary"
    return times


def see_on_a_phone_and_in_the_dark(browser, pictures):
    def picture(name, width, height, phone=False):
        browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=1, mobile=phone)
        browser.run("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))")
        browser.screenshot(os.path.join(pictures, name))

    ground = "getComputedStyle(document.body).backgroundColor"
    browser.run("document.querySelector('#running details').open = true; scrollTo(0, 0)")
    picture("light.png", 1280, 1400)
    light = browser.run(ground)
    browser.call("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": "dark"}])
    picture("dark.png", 1280, 1400)
    assert browser.run(ground) != light
    picture("phone.png", 390, 1600, phone=True)
    assert browser.run("document.documentElement.scrollWidth <= innerWidth"), "it is too wide"
    browser.call("Emulation.clearDeviceMetricsOverride")


def see_the_end(browser, sync, connector):
    assert sync.wait(PATIENCE * 2) == 0
    browser.until("document.querySelector('#ended .ok') !== null", "the sync among the last ones")
    browser.until("!document.getElementById('running-none').hidden", "no sync that runs")
    assert "barred" in browser.run("document.getElementById('notices').innerText")
    assert VALUE not in browser.run("document.documentElement.outerHTML")
    assert VALUE not in connector.status()
    assert TOKEN not in browser.run("document.documentElement.outerHTML")


def main():
    programs, pictures = sys.argv[1:3]
    os.makedirs(pictures, exist_ok=True)
    folder = tempfile.mkdtemp()
    browser = connector = sync = None
    try:
        make_source(os.path.join(folder, "shop.db"))
        connector = Connector(os.path.join(programs, "tributary"), folder)
        browser = Browser(folder)
        see_the_page(browser, connector)
        sync = start_sync(os.path.join(programs, "sync-tester"), connector, folder)
        see_updates(browser)
        # Everything is read meanwhile, and the sync does not end before the page is examined.
        sync.send_signal(signal.SIGSTOP)
        sorted_in = sort_and_filter(browser)
        see_on_a_phone_and_in_the_dark(browser, pictures)
        sync.send_signal(signal.SIGCONT)
        see_the_end(browser, sync, connector)
        assert not browser.errors, browser.errors
        elsewhere = [url for url in browser.requests
                     if not url.startswith((f"http://{connector.web}/", "data:"))]
        assert not elsewhere, elsewhere
        connector.stop()
        print(f"{TABLES:,} tables sorted in {sorted_in:.0f} ms; {len(browser.requests)} requests; "
              f"screenshots in {pictures}")
    finally:
        for process in (sync, connector and connector.process):
            if process and process.poll() is None:
                process.kill()
        if browser:
            browser.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
