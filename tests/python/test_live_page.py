"""The live page in a browser without a screen, fed by a run of the program."""

import re
import signal
import subprocess

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from browser import PATIENCE, changes, chromium, needs_browser, picture
from short_run import ROOT, short_command

pytestmark = needs_browser


class Run:
    """A run that goes on until it is ended, and the address of its live page."""

    def __init__(self, folder, *options):
        folder.mkdir()
        command = short_command(folder, "table_tennis.yaml", iterations=10000, rollouts=4, seed=3, keep_trials={"last": 10})
        # The run would take every core; the browser, which draws without a graphics card, goes first.
        self.process = subprocess.Popen(["nice", "-n", "15", *command, "--live", *options], cwd=ROOT, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = (re.search(r"live page: (http://\S+)", line) for line in self.process.stderr)
        self.address = next(found[1] for found in said if found)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=PATIENCE)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("live") / "lockstep")
    yield run
    run.end()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


def wait_until(browser, condition):
    return WebDriverWait(browser, PATIENCE).until(lambda _: condition())


def focus(page, selector):
    """Gives an element the keyboard, wherever what comes in has moved it."""
    page.execute_script("const it = document.querySelector(arguments[0]); it.tabIndex = it.tabIndex; it.focus()", selector)


def press(page, keys):
    ActionChains(page).send_keys(keys).perform()


def points(browser):
    curves = browser.find_elements(By.CSS_SELECTOR, ".chart.learning")
    assert len(curves) == 6
    return min(int(curve.get_attribute("data-points") or 0) for curve in curves)


def fact(browser, name):
    return browser.find_element(By.CSS_SELECTOR, f"[data-fact={name}] b").text


def opened(browser, address, width=1600):
    browser.set_window_size(width, 1000)
    browser.get(address)
    wait_until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".verdict.good, .verdict.bad"))
    wait_until(browser, lambda: points(browser) > 1)


@pytest.fixture
def page(browser, run):
    browser.get_log("browser")
    opened(browser, run.address)
    return browser


def test_the_picture_and_the_curves_follow_the_run(page):
    canvas = page.find_element(By.CSS_SELECTOR, ".view canvas")
    first, before = picture(canvas), points(page)
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 50, "the canvas is blank"
    wait_until(page, changes(canvas))
    wait_until(page, lambda: points(page) > before)
    wait_until(page, lambda: int(fact(page, "iterations")) > before)
    assert fact(page, "safety") == "normal" and "Live." in page.find_element(By.CSS_SELECTOR, ".connection").text
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_it_is_turned_by_keys_and_everything_is_reached_by_the_tab_key(page):
    canvas = page.find_element(By.CSS_SELECTOR, ".view canvas")
    table = picture(canvas)
    focus(page, ".view canvas")
    press(page, Keys.ARROW_LEFT * 8)
    # More changes than what the arm covers.
    assert (np.abs(picture(canvas) - table).max(axis=2) > 30).mean() > 0.05, "the keys turn nothing"
    reached = set()
    focus(page, "h1")
    for _ in range(12):
        press(page, Keys.TAB)
        reached.add(page.switch_to.active_element.tag_name)
    assert {"canvas", "select", "summary"} <= reached


@pytest.mark.parametrize("width", [400, 1600])
def test_it_is_readable_on_any_screen(browser, run, width):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        opened(browser, run.address, width)
        wait_until(browser, lambda: browser.execute_script("return matchMedia(arguments[0]).matches", f"(width: {width}px)"))
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, "the page is wider than the screen"
        small = "return [...document.querySelectorAll('p, b, td, li, button, select, label')].filter(e => parseFloat(getComputedStyle(e).fontSize) < 12).length"
        assert browser.execute_script(small) == 0
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_on_the_wall_clock_it_shows_lateness_and_the_end(browser, tmp_path):
    run = Run(tmp_path / "realtime", "--realtime")
    try:
        browser.get(run.address)
        canvas = browser.find_element(By.CSS_SELECTOR, ".view canvas")
        wait_until(browser, lambda: int(browser.execute_script("return document.querySelector('.chart.lateness')?.dataset.points || 0")) > 1)
        wait_until(browser, changes(canvas))
        assert re.fullmatch(r"\d+ of \d+", fact(browser, "misses"))
    finally:
        run.end()
    wait_until(browser, lambda: "The run is over" in browser.find_element(By.CSS_SELECTOR, ".connection").text)
