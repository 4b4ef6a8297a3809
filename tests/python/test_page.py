"""The report of a run in a browser without a screen: Debian's Chromium, driven over WebDriver."""

import json

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from browser import PATIENCE, chromium, needs_browser, picture
from short_run import short_run

ITERATIONS = 3
pytestmark = needs_browser


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return short_run(tmp_path_factory.mktemp("runs"), "table_tennis.yaml", iterations=ITERATIONS, rollouts=4, realtime_strokes=1, seed=3)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


def opened(browser, path, width=1600):
    browser.set_window_size(width, 1000)
    browser.get("about:blank")
    browser.get(path.as_uri())
    WebDriverWait(browser, PATIENCE).until(lambda b: b.find_elements(By.CSS_SELECTOR, ".verdict.good, .verdict.bad, .motions, pre"))
    WebDriverWait(browser, PATIENCE).until(lambda b: len(b.find_elements(By.CSS_SELECTOR, ".chart canvas")) == len(b.find_elements(By.CSS_SELECTOR, ".chart")))


@pytest.fixture
def page(browser, run):
    browser.get_log("browser"), browser.get_log("performance")
    opened(browser, run / "report.html")
    return browser


def test_nothing_is_wrong_and_nothing_comes_from_a_network(page):
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []
    events = (json.loads(entry["message"])["message"] for entry in page.get_log("performance"))
    asked = {event["params"]["request"]["url"].split(":")[0] for event in events if event["method"] == "Network.requestWillBeSent"}
    assert asked <= {"file", "data", "about"}, asked


def test_the_stroke_is_drawn_and_follows_the_slider_and_the_keys(page):
    before, after = page.find_elements(By.CSS_SELECTOR, ".view canvas")
    first = picture(after)
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 50, "the canvas is blank"
    slider = page.find_element(By.CSS_SELECTOR, "input[type=range]")
    slider.send_keys(Keys.END)
    later = picture(after)
    assert np.abs(later - first).max() > 50, "the slider moves nothing"
    sides = picture(before), picture(after)
    assert sides[0].shape == sides[1].shape
    after.send_keys(Keys.ARROW_LEFT * 4)
    assert np.abs(picture(after) - later).max() > 50, "the keys turn nothing"
    assert np.abs(picture(before) - sides[0]).max() > 50, "the pictures are not turned together"


def test_it_plays_to_the_end_and_can_be_stopped(page):
    play = page.find_element(By.XPATH, "//button[text()='Play']")
    play.send_keys(Keys.ENTER)
    clock = page.find_element(By.CSS_SELECTOR, "output")
    WebDriverWait(page, PATIENCE).until(lambda _: float(clock.text.split()[0]) > 0)
    WebDriverWait(page, PATIENCE).until(lambda _: play.text == "Play")
    slider = page.find_element(By.CSS_SELECTOR, "input[type=range]")
    assert float(slider.get_attribute("value")) == 1000


def test_curves_have_a_point_per_iteration_and_the_page_says_what_it_shows(page):
    curves = page.find_elements(By.CSS_SELECTOR, ".chart.learning")
    assert len(curves) == 6
    assert {curve.get_attribute("data-points") for curve in curves} == {str(ITERATIONS)}
    text = page.find_element(By.TAG_NAME, "main").text
    for heading in ["The stroke", "Return", "Efforts", "KL divergence", "Entropy", "Effective samples", "Where it came", "Gains", "Deadlines",
                    "Trials that were left out", "Guard", "Predicted and measured", "The same run again", "Configuration"]:
        assert heading in text, heading
    assert "dry-run --config" in text


def test_everything_is_reached_by_the_tab_key(page):
    reached = set()
    page.find_element(By.TAG_NAME, "body").click()
    for _ in range(60):
        page.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(page.switch_to.active_element.tag_name)
    assert {"canvas", "input", "button", "select", "summary"} <= reached


@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_on_any_screen(browser, run, width, scheme):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        opened(browser, run / "report.html", width)
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width, "the page is wider than the screen"
        small = "return [...document.querySelectorAll('p, b, td, li, button, select, label')].filter(e => parseFloat(getComputedStyle(e).fontSize) < 12).length"
        assert browser.execute_script(small) == 0
        contrast = browser.execute_script(
            "const of = (name, e) => getComputedStyle(e)[name].match(/[0-9.]+/g).slice(0, 3).map(Number);"
            "return [of('color', document.querySelector('.note')), of('backgroundColor', document.querySelector('section'))]")
        assert ratio(*contrast) >= 4.5
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def ratio(ink, ground):
    """Contrast of two colours as the Web Content Accessibility Guidelines define it."""
    def luminance(rgb):
        linear = [c / 255 / 12.92 if c <= 10.31 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])
    low, high = sorted([luminance(ink), luminance(ground)])
    return (high + 0.05) / (low + 0.05)
