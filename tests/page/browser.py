#!/usr/bin/env python3
"""browser.py - a page of `mptcpscope report` in a headless Chromium, driven over its debugging pipe.

usage: browser.py PAGE.html [DIRECTORY]

Prints TAP.  With DIRECTORY, leaves there screenshots (light, dark, phone) and the printed page.
The page is one of several connections."""
import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TIMEOUT_S = 60


class Browser:
    """Chromium's DevTools protocol: JSON messages, each ended by a NUL, on descriptors 3 and 4."""

    def __init__(self, profile):
        to_read, self.to_write = os.pipe()
        self.to_listen, from_write = os.pipe()

        def as_3_and_4():
            # Out of the way first: either pipe may sit on 3 or 4.
            high_read, high_write = os.dup(to_read), os.dup(from_write)
            os.dup2(high_read, 13)
            os.dup2(high_write, 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        command = ["chromium", "--headless=new", "--disable-gpu", "--remote-debugging-pipe",
                   "--disable-dev-shm-usage", "--no-first-run", "--user-data-dir=" + profile]
        if os.geteuid() == 0:
            command.append("--no-sandbox")
        self.process = subprocess.Popen(command, close_fds=False, preexec_fn=as_3_and_4,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.events, self.buffer, self.number, self.session = [], b"", 0, None

    def receive(self):
        while b"\0" not in self.buffer:
            block = os.read(self.to_listen, 1 << 16)
            if not block:
                raise RuntimeError("the browser is gone")
            self.buffer += block
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        """The first event of this name since the last forget()."""
        while not any(each.get("method") == method for each in self.events):
            self.events.append(self.receive())

    def forget(self):
        self.events = []

    def open(self, url):
        """Always anew: a page that differs by its fragment alone would not be loaded again."""
        for each in ("about:blank", url):
            self.forget()
            self.call("Page.navigate", url=each)
            self.wait("Page.loadEventFired")

    def run(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.session = session
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def size(self, width, height, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=mobile)

    def media(self, name="", scheme="light"):
        self.call("Emulation.setEmulatedMedia", media=name,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def close(self):
        self.session = None
        try:
            self.call("Browser.close")
        except (RuntimeError, OSError):
            pass
        self.process.wait(TIMEOUT_S)


class Tests:
    def __init__(self):
        self.n, self.failed = 0, 0

    def expect(self, name, seen, wanted=True):
        self.n += 1
        good = seen == wanted
        self.failed += not good
        print(("ok" if good else "not ok"), self.n, "-", name)
        if not good:
            print(f"#   is {seen!r}\n#   shall be {wanted!r}")

    def plan(self):
        print(f"1..{self.n}")
        return 1 if self.failed else 0


SHOWN = "[...document.querySelectorAll('#list tbody tr')].filter(r => !r.hidden)"
NUMBERS = SHOWN + ".map(r => Number(r.dataset.c))"
# What a column is sorted by, unknown values left out.
VALUES = "[...document.querySelectorAll('#list tbody tr')].map(r => r.cells[%d].dataset.v)" \
         ".filter(v => v !== '').map(Number)"


def column(browser, heading):
    return browser.run("[...document.querySelectorAll('#list th')]"
                       f".findIndex(th => th.textContent === '{heading}')")


def click(browser, selector, index=0):
    browser.run(f"document.querySelectorAll({selector!r})[{index}].click()")


def search(browser, words):
    browser.run("(box => { box.value = %s; box.dispatchEvent(new Event('input')); })"
                "(document.getElementById('find'))" % json.dumps(words))


def test_clean(browser, tests, url):
    """Nothing refused by the policy, no error, nothing asked for but the page."""
    said = [each["params"] for each in browser.events
            if each.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]
    asked = [each["params"]["request"]["url"] for each in browser.events
             if each.get("method") == "Network.requestWillBeSent"]
    tests.expect("the browser has nothing to complain of", said, [])
    tests.expect("only the page itself is loaded", [each for each in asked if each != url], [])
    tests.expect("no other script runs",
                 browser.run("[document.scripts.length, window.hostile === undefined]"), [1, True])


def test_list(browser, tests):
    n = browser.run("document.querySelectorAll('#list tbody tr').length")
    data, client = column(browser, "c2s"), column(browser, "client")
    tests.expect("the list has several connections", n > 2)
    click(browser, "#list th button", data)
    up = browser.run(VALUES % data)
    tests.expect("a click sorts by number, not by text", up, sorted(up))
    tests.expect("there is something to sort", len(set(up)) > 1)
    tests.expect("the heading says so", browser.run(
        f"document.querySelectorAll('#list th')[{data}].getAttribute('aria-sort')"), "ascending")
    click(browser, "#list th button", data)
    tests.expect("a second click turns it round", browser.run(VALUES % data),
                 sorted(up, reverse=True))
    click(browser, "#list th button", 0)
    tests.expect("sorting loses nothing", browser.run(NUMBERS), list(range(1, n + 1)))

    first = browser.run(f"document.querySelector('#list tbody tr').cells[{client}].textContent")
    search(browser, first)
    shown = browser.run(SHOWN + f".map(r => r.cells[{client}].textContent)")
    tests.expect("a search shows what it asks for alone", set(shown), {first})
    tests.expect("it says how many", browser.run("document.getElementById('found').textContent"),
                 f"{len(shown)} of {n} shown")
    tests.expect("pages follow the list", browser.run(
        "[...document.querySelectorAll('#connections > details')].filter(d => !d.hidden).length"),
        len(shown))
    search(browser, "no such words")
    tests.expect("a search may find nothing", browser.run(NUMBERS), [])
    search(browser, "")
    tests.expect("an empty search shows all", len(browser.run(NUMBERS)), n)


def test_open(browser, tests):
    tests.expect("pages are folded in", browser.run("document.getElementById('p3').open"), False)
    click(browser, "a[href='#c3']")
    browser.run("new Promise(r => setTimeout(r, 50))")
    tests.expect("a link opens the page of its connection", browser.run(
        "document.getElementById('p3').open"))
    tests.expect("and goes there", browser.run(
        "Math.abs(document.getElementById('c3').getBoundingClientRect().top) < innerHeight"))
    click(browser, "#p3 a[href^='#d-']")
    browser.run("new Promise(r => setTimeout(r, 50))")
    tests.expect("a number leads to its definition", browser.run(
        "document.querySelector(':target').closest('details').open && "
        "document.querySelector(':target').tagName"), "DT")
    dangling = browser.run("[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))"
                           ".filter(h => h[0] !== '#' || !document.getElementById(h.slice(1)))")
    tests.expect("every link leads somewhere in the page", dangling, [])


def test_figures(browser, tests):
    ids = browser.run("[...document.querySelectorAll('[id]')].map(e => e.id)")
    tests.expect("no id stands twice", len(ids), len(set(ids)))
    tests.expect("more of them are folded in", browser.run(
        "(more => more.length > 0 && more.length <= 2 && more.every(d => !d.open &&"
        " d.querySelectorAll('svg').length >= 3))"
        "([...document.querySelectorAll('#connections details details.drawn')])"))
    tests.expect("figures are drawn", browser.run("document.querySelectorAll('figure svg').length > 0"))
    tests.expect("their marks are there", browser.run(
        "[...document.querySelectorAll('use')].filter(u => !document.getElementById("
        "u.getAttribute('href').slice(1))).length"), 0)
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    tests.expect("each takes up its room", browser.run(
        "[...document.querySelectorAll('figure svg')].every(s => "
        "s.getBoundingClientRect().height > 100)"))
    tests.expect("and says what it is", browser.run(
        "[...document.querySelectorAll('figure svg')].every(s => s.getAttribute('aria-label'))"))


def test_looks(browser, tests, url, directory):
    for name, width, scheme in (("light", 1200, "light"), ("dark", 1200, "dark"),
                                ("phone", 390, "light")):
        browser.size(width, 900, name == "phone")
        browser.media(scheme=scheme)
        browser.open(url)
        click(browser, "#connections summary")
        tests.expect(f"{name}: nothing sticks out at the side",
                     browser.run("document.documentElement.scrollWidth") <= width)
        colors = browser.run("(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))")
        ink, paper = (sum(map(int, re.findall(r"\d+", each)[:3])) for each in colors)
        tests.expect(f"{name}: ink on paper", (ink > paper) == (scheme == "dark"))
        pale = browser.run("[...document.querySelectorAll('figure [fill=\"#E8EAED\"]')]"
                           ".map(e => getComputedStyle(e).fill)")
        tests.expect(f"{name}: pale bands", set(pale),
                     {"rgb(36, 41, 47)" if scheme == "dark" else "rgb(232, 234, 237)"})
        if directory:
            height = min(browser.run("document.documentElement.scrollHeight"), 8000)
            browser.size(width, height, name == "phone")
            shot = browser.call("Page.captureScreenshot", format="png")["data"]
            (directory / f"{name}.png").write_bytes(base64.b64decode(shot))


def test_print(browser, tests, url, directory):
    browser.media()
    browser.open(url)
    pdf = base64.b64decode(browser.call("Page.printToPDF", printBackground=False)["data"])
    tests.expect("it prints", pdf[:5] == b"%PDF-" and len(re.findall(rb"/Type\s*/Page\b", pdf)) > 1)
    tests.expect("what print opened is folded in again", browser.run(
        "[...document.querySelectorAll('details.drawn')].filter(d => d.open).length"), 0)
    if directory:
        (directory / "page.pdf").write_bytes(pdf)


def test_without_scripts(browser, tests, url):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(url + "#c2")
    tests.expect("without scripts there is no search", browser.run(
        "document.getElementById('tools').hidden"))
    tests.expect("and all connections are listed", browser.run(
        "document.querySelectorAll('#list tbody tr').length > 2 && "
        "document.querySelectorAll('#list button').length === 0"))
    browser.run("document.querySelector('#p2 summary').click()")
    tests.expect("their pages open", browser.run(
        "document.getElementById('c2').getBoundingClientRect().height > 0"))


def main():
    page = pathlib.Path(sys.argv[1]).resolve()
    directory = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    url = page.as_uri()
    tests = Tests()
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        try:
            browser.attach()
            browser.size(1200, 900)
            browser.open(url)
            test_clean(browser, tests, url)
            test_list(browser, tests)
            test_open(browser, tests)
            test_figures(browser, tests)
            test_looks(browser, tests, url, directory)
            test_print(browser, tests, url, directory)
            test_without_scripts(browser, tests, url)
        finally:
            browser.close()
    sys.exit(tests.plan())


if __name__ == "__main__":
    main()
