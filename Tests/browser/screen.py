"""One window of headless Chromium, and what every page must hold."""

import json
import time

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

# Runs in the page. What is wrong with it for somebody who looks at it: too wide, too small, empty, cut off.
LOOK = """
const wrong = [];
const root = document.documentElement;
if (root.scrollWidth > root.clientWidth + 1) wrong.push(`the page is ${root.scrollWidth} wide in ${root.clientWidth}`);
const isShown = (e) => { const r = e.getBoundingClientRect(); const s = getComputedStyle(e);
  return r.width > 1 && r.height > 1 && s.visibility !== 'hidden' && s.opacity !== '0' && e.checkVisibility(); };
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const small = new Set();
while (walker.nextNode()) {
  const e = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !isShown(e) || e.closest('.spoken, .skip, noscript')) continue;
  const size = parseFloat(getComputedStyle(e).fontSize);
  if (size < 13.5 && !e.closest('svg')) small.add(`${size}px: ${walker.currentNode.data.trim().slice(0, 30)}`);
}
for (const s of small) wrong.push('small text ' + s);
for (const e of document.querySelectorAll('section, .panel, fieldset, li'))
  if (isShown(e) && !e.textContent.trim() && !e.querySelector('img, svg, input, button')) wrong.push('an empty box: ' + e.className);
for (const e of document.querySelectorAll('button, a.button, select, input:not([type=hidden])')) {
  if (!isShown(e)) continue;
  const r = e.getBoundingClientRect();
  if (e.tagName === 'BUTTON' && e.scrollWidth > e.clientWidth + 2) wrong.push('words do not fit on a button: ' + e.textContent.trim());
  const name = e.getAttribute('aria-label') || e.textContent.trim() || e.value || (e.labels && e.labels.length) || e.title;
  if (!name) wrong.push('a control without a name: ' + e.outerHTML.slice(0, 80));
  if (r.right > root.clientWidth + 1 && !e.closest('.scroll')) wrong.push('beyond the edge: ' + e.outerHTML.slice(0, 80));
}
for (const e of document.querySelectorAll('img')) if (!e.hasAttribute('alt')) wrong.push('an image without words');
if (!document.documentElement.lang) wrong.push('no language');
if (document.querySelectorAll('h1').length !== 1) wrong.push('h1: ' + document.querySelectorAll('h1').length);
if (!document.querySelector('main')) wrong.push('no main');
return wrong;
"""


class Screen:
    def __init__(self, name, width, height, language, is_phone=False):
        self.name = name
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                         f"--lang={language}", f"--window-size={max(width, 520)},{height}"):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"intl.accept_languages": language})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(20)
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 2 if is_phone else 1, "mobile": is_phone})
        if is_phone:
            self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})

    def open(self, address):
        self.driver.get(address)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector, seconds=10):
        return self.until(lambda: next((e for e in self.all(selector) if e.is_displayed()), None), f"{selector} is shown", seconds)

    def tap(self, selector, seconds=10):
        """Clicks the first that is shown; once more where the page was just renewed under it."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.one(selector, seconds).click()
            except WebDriverException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def text(self):
        return self.driver.execute_script("return document.body.innerText")

    def until(self, holds, what, seconds=10):
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = holds()
                if found:
                    return found
            except WebDriverException:
                pass
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name}: not within {seconds} s: {what}\n{self.text()[:1500]}")
            time.sleep(0.02)

    def says(self, *words, seconds=10):
        """Waits until one of the words stands on the page."""
        self.until(lambda: any(word in self.text() for word in words), " or ".join(words), seconds)

    def look(self):
        return self.driver.execute_script(LOOK)

    def dark(self, is_dark):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]})

    def shot(self, path):
        self.driver.save_screenshot(path)

    def script(self, is_on):
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not is_on})

    def complaints(self):
        """What the page's console says of errors: refused by the content security policy, exceptions, what is missing."""
        found = []
        for entry in self.driver.get_log("browser"):
            words = entry["message"]
            # The daemon or the agent is down on purpose in a part of the story.
            if entry["level"] == "SEVERE" and "net::ERR_" not in words and "503" not in words:
                found.append(json.dumps(entry["message"]))
        return found

    def close(self):
        self.driver.quit()
