"""A browser without a screen: Debian's Chromium, driven over WebDriver."""

import contextlib
import io
import shutil

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PATIENCE = 60
needs_browser = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no chromium and chromium-driver (scripts/setup_browser.sh)")


@contextlib.contextmanager
def chromium(profile):
    """A browser with a profile of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    # Without a graphics card, WebGL is computed. The resolver makes every name unreachable.
    for argument in ["headless=new", "no-sandbox", "use-angle=swiftshader", "enable-unsafe-swiftshader", "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                     "disable-dev-shm-usage", f"user-data-dir={profile}"]:
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def picture(element):
    """The pixels of an element (row, column, colour). The driver waits ten seconds for the browser to draw, which does not depend on
    this machine's speed alone: it is asked again."""
    png = WebDriverWait(element, PATIENCE, ignored_exceptions=[TimeoutException]).until(lambda it: it.screenshot_as_png)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=int)


def changes(element):
    """A condition: the element's picture is no longer the one of the first call. The layout may have given it another size
    in between, which starts the comparison anew."""
    first = picture(element)

    def changed():
        nonlocal first
        now = picture(element)
        if now.shape != first.shape:
            first = now
        return np.abs(now - first).max() > 50

    return changed
