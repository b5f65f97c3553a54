"""Chromium as a user has it, without a window: Debian's, driven through Debian's python3-selenium."""

import json
import pathlib
import shutil
import subprocess

from selenium import webdriver
from selenium.common.exceptions import NoAlertPresentException, StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from support.waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILT = ROOT / "build" / "console"
WEB = ROOT / "engine" / "console" / "web"
SERIOUS = ("serious", "critical")


def npm_modules():
    """node_modules of the lock file, installed once for each lock file."""
    folder = BUILT / "npm"
    lock = (WEB / "package-lock.json").read_bytes()
    if (folder / "package-lock.json").is_file() and (folder / "package-lock.json").read_bytes() == lock and \
            (folder / "node_modules" / "axe-core").is_dir():
        return folder / "node_modules"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(WEB / "package.json", folder)
    shutil.copy(WEB / "package-lock.json", folder)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "node_modules"


class Browser:
    def __init__(self, width=1440, height=900):
        options = Options()
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", "--lang=en",
                         "--disable-gpu", "--no-first-run", "--disable-background-networking"):
            options.add_argument(argument)
        options.page_load_strategy = "eager"  # whoever opens a page says what it waits for
        options.binary_location = "/usr/bin/chromium"
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(60)
        self.driver.set_script_timeout(20)
        self.resize(width, height)

    def close(self):
        self.driver.quit()

    def resize(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def open(self, url, ready=None):
        self.driver.get(url)
        if ready:
            self.wait_for(ready)
        return self

    # --- what is there
    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector="#main"):
        return self.script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def wait_for(self, selector, deadline=15):
        def there():
            try:
                return next((each for each in self.all(selector) if each.is_displayed()), None)
            except StaleElementReferenceException:  # the page drew itself anew meanwhile
                return None
        return wait_until(there, deadline, f"{selector} is shown", every=0.05, detail=lambda: self.text("body")[-2000:])

    def wait_text(self, wanted, selector="#main", deadline=15):
        return wait_until(lambda: wanted in self.text(selector), deadline, f"{wanted!r} in {selector}", every=0.05,
                          detail=lambda: self.text(selector)[-2000:])

    # --- what a user does
    def click(self, selector, containing=""):
        def press():
            try:
                for each in self.all(selector):
                    if containing in each.text and each.is_displayed() and each.is_enabled():
                        each.click()
                        return True
            except StaleElementReferenceException:  # the page drew itself anew meanwhile
                return False
        wait_until(press, 10, f"{selector} {containing!r} can be clicked", every=0.05)

    def keys(self, *keys):
        actions = ActionChains(self.driver)
        for each in keys:
            actions.send_keys(each)
        actions.perform()

    # --- what must not be
    def problems(self):
        """Errors and warnings of the console, among them every violation of the content security policy."""
        try:
            alert = self.driver.switch_to.alert.text
            return [f"a dialog opened: {alert}"]
        except NoAlertPresentException:
            pass
        return [f"{entry['level']} {entry['message']}" for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")]

    def too_wide(self):
        """Pixels by which the page is wider than its window."""
        return self.script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def watch_tasks(self):
        """From here on the page keeps its longest task."""
        self.script("window.longestTask = 0; new PerformanceObserver((list) => { for (const each of list.getEntries()) "
                    "window.longestTask = Math.max(window.longestTask, each.duration); }).observe({type: 'longtask', buffered: true})")

    def longest_task(self):
        """In ms, since watch_tasks(); the page is idle for a moment first, so that it has heard of the last one."""
        return self.driver.execute_async_script("const done = arguments[0]; setTimeout(() => done(window.longestTask), 1500)")

    def accessibility(self):
        """Serious violations that axe-core finds, each with the first places."""
        if not self.script("return typeof axe !== 'undefined'"):
            self.driver.execute_script((npm_modules() / "axe-core" / "axe.min.js").read_text())
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then((r) => done(r.violations))")
        return [json.dumps({"rule": each["id"], "help": each["help"], "at": [node["html"][:160] for node in each["nodes"][:3]],
                            "why": each["nodes"][0]["failureSummary"]},
                           ensure_ascii=False) for each in found if each["impact"] in SERIOUS]

    def screenshot(self, name):
        folder = BUILT / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(folder / f"{name}.png"))
