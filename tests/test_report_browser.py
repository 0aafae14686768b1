"""The page of a report in a real browser: it fits, filters, follows links, changes colours."""

import re
import shutil

import pytest

from spacy_balc.report.html import render_html
from spacy_balc.report.sentences import BOUNDARY

from .report_metrics import EVIL, accepted, evil_data, make_metrics

for package in ("nervaluate", "matplotlib"):
    pytest.importorskip(package)
By = pytest.importorskip("selenium.webdriver.common.by").By

CHROMIUM, DRIVER = "chromium", "chromedriver"


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver")
    for program, package in ((CHROMIUM, "chromium"), (DRIVER, "chromium-driver")):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: apt-get install {package})")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which(CHROMIUM)
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which(DRIVER))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def metrics():
    return make_metrics()


@pytest.fixture(scope="module")
def files(tmp_path_factory, metrics):
    folder = tmp_path_factory.mktemp("pages")
    (folder / "page.html").write_text(render_html(metrics), encoding="utf-8")
    evil = render_html(make_metrics(evil_data(), labels=sorted(EVIL), title=" ".join(EVIL)))
    (folder / "evil.html").write_text(evil, encoding="utf-8")
    return {path.stem: path.as_uri() for path in folder.iterdir()}


def show(browser, address, width=1280, scheme="light", scripts=True):
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
    browser.get("about:blank")  # else a new fragment does not load the page anew
    browser.get(address)


def shown(browser):
    """Errors that can be seen, whose number the page says."""
    # After what the page itself has put off: a form that is reset has its values a moment later.
    seen, said = browser.execute_async_script(
        """const done = arguments[0];
        setTimeout(() => {
            const errors = [...document.querySelectorAll(".error")];
            const seen = errors.filter((error) => error.getClientRects().length);
            done([seen.map((error) => error.id), document.getElementById("shown").innerText]);
        }, 20);"""
    )
    assert said == str(len(seen))
    return [int(name[1:]) for name in seen]


def ids(examples):
    return [e["id"] for e in examples]


@pytest.mark.parametrize("name", ["page", "evil"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_opens_and_fits(browser, files, name, width, scheme):
    show(browser, files[name], width, scheme)
    browser.execute_script("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    inner, needed = browser.execute_script(
        "return [innerWidth, document.documentElement.scrollWidth]"
    )
    assert inner == width and needed <= inner
    assert browser.get_log("browser") == []
    loaded = browser.execute_script("return performance.getEntriesByType('resource').length")
    assert loaded == 0


def test_filters(browser, files, metrics):
    from selenium.webdriver.support.ui import Select

    show(browser, files["page"])
    examples = metrics["errors"]["examples"]
    assert shown(browser) == ids(examples)
    kind, type_, predicted = (
        Select(browser.find_element(By.NAME, name)) for name in ("kind", "type", "predicted")
    )
    for row in metrics["errors"]["counts"]:
        kind.select_by_visible_text(row["kind"])
        type_.select_by_visible_text(row["type"])
        found = [e for e in examples if (e["kind"], e["type"]) == (row["kind"], row["type"])]
        assert shown(browser) == ids(found) and len(found) == row["shown"]
    reset = browser.find_element(By.CSS_SELECTOR, "#filter button")
    reset.click()
    assert shown(browser) == ids(examples)
    predicted.select_by_visible_text("LOC")
    assert shown(browser) == ids(e for e in examples if "LOC" in e["predicted_types"])
    reset.click()
    kind.select_by_visible_text("any boundary error")
    assert shown(browser) == ids(e for e in examples if e["kind"] in BOUNDARY)
    reset.click()
    type_.select_by_visible_text("LOC in the gold")
    assert shown(browser) == ids(e for e in examples if "LOC" in e["gold_types"])
    reset.click()
    # Across an entity: the labels in a sentence are no part of its text.
    browser.find_element(By.NAME, "text").send_keys("杨柳回")
    assert shown(browser) == ids(e for e in examples if "杨柳回" in e["text"]) != []
    browser.find_element(By.NAME, "text").send_keys("\n")
    assert browser.get_log("browser") == []


def test_links_from_the_heat_map_and_the_tables(browser, files, metrics):
    show(browser, files["page"])
    links = {
        link.get_dom_attribute("href")[1:]: link
        for link in browser.find_elements(By.CSS_SELECTOR, "td a, #fails a[href^='#f'], svg a")
    }  # of several that lead to the same, one
    assert len(browser.find_elements(By.CSS_SELECTOR, "svg a")) > 5
    browser.execute_script("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    for key, link in links.items():
        link.click()
        wait(lambda key=key: browser.current_url.endswith(f"#{key}"))
        assert shown(browser) == ids(accepted(metrics, key)) != []
        top = browser.execute_script(
            "return document.getElementById('sentences').getBoundingClientRect().top"
        )
        assert -1 <= top < 800
    # An error that the filter hides is shown when a link leads to it.
    browser.find_elements(By.CSS_SELECTOR, "#ten a")[-1].click()
    wait(lambda: len(shown(browser)) == len(metrics["errors"]["examples"]))
    # The same in the address as the page opens.
    show(browser, f"{files['page']}#{key}")
    wait(lambda: shown(browser) == ids(accepted(metrics, key)))
    assert browser.get_log("browser") == []


def wait(condition):
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(None, 10, 0.05).until(lambda _: condition())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(browser, files, scheme):
    def colours():
        page = "getComputedStyle(document.body)"
        text = "getComputedStyle(document.querySelector('svg text'))"
        values = browser.execute_script(
            f"return [{page}.backgroundColor, {page}.color, {text}.fill]"
        )
        return [sum(map(int, re.findall(r"\d+", value)[:3])) / 3 for value in values]

    show(browser, files["page"], scheme=scheme)
    paper, ink, plot = colours()
    assert (paper > 200 and ink < 60) if scheme == "light" else (paper < 60 and ink > 200)
    assert plot == ink
    browser.find_element(By.ID, "theme").click()
    assert [value > 128 for value in colours()] == [paper < 128, ink < 128, plot < 128]
    browser.find_element(By.ID, "theme").click()
    assert colours() == [paper, ink, plot]


def test_without_scripts(browser, files, metrics):
    show(browser, files["page"], scripts=False)
    errors = browser.find_elements(By.CSS_SELECTOR, ".error")
    assert all(e.is_displayed() for e in errors)
    assert len(errors) == len(metrics["errors"]["examples"])
    assert not browser.find_element(By.ID, "filter").is_displayed()
    assert not browser.find_element(By.ID, "theme").is_displayed()
    browser.find_element(By.CSS_SELECTOR, "#fails li a").click()
    assert "#f-k" in browser.current_url
