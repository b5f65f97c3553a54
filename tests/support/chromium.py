"""A headless browser by WebDriver (chromedriver), for as much as a person does with a page: look, choose, type, click."""

import json
import subprocess
import urllib.request

from support.brokers import free_ports
from support.waiting import wait_until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the protocol's name for a reference
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1000,700")


class Browsers:
    """One chromedriver; close() ends it with all its browsers."""

    def __init__(self):
        (self.port,) = free_ports(1)
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "chromedriver", f"--port={self.port}"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.sessions = []
        wait_until(self._ready, 30, "chromedriver answers")

    def open(self, url):
        wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": {"args": list(FLAGS)}}}}
        session = Browser(self, self.ask("POST", "/session", wanted)["sessionId"])
        self.sessions.append(session)
        session.ask("POST", "/url", {"url": url})
        return session

    def ask(self, method, path, content=None):
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def close(self):
        for session in self.sessions:
            session.ask("DELETE", "")
        self.process.terminate()
        self.process.wait(10)

    def _ready(self):
        try:
            return self.ask("GET", "/status")["ready"]
        except OSError:
            return False


class Browser:
    def __init__(self, of, session):
        self.of, self.session = of, session

    def ask(self, method, path, content=None):
        return self.of.ask(method, f"/session/{self.session}{path}", content)

    def run(self, script):
        """What a script of its page returns."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": []})

    def type(self, selector, text):
        found = self.find(selector)
        self.ask("POST", f"/element/{found}/clear", {})
        self.ask("POST", f"/element/{found}/value", {"text": text})

    def click(self, selector):
        self.ask("POST", f"/element/{self.find(selector)}/click", {})

    def find(self, selector):
        return self.ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def texts(self, selector):
        return self.run(f"return [...document.querySelectorAll({json.dumps(selector)})].map((each) => each.textContent)")

    def complaints(self):
        """What its console says is wrong."""
        return [each["message"] for each in self.ask("POST", "/se/log", {"type": "browser"})]
