"""The page of contact sheets in a real browser: it filters, sorts, wipes, opens, and stays quick."""

import base64
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reelfix.pipeline.sheet_page import make_page
from reelfix.pipeline.sheet_record import Pictures, SheetRecord

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
keys = pytest.importorskip("selenium.webdriver.common.keys", reason="selenium is not installed")
select = pytest.importorskip("selenium.webdriver.support.select", reason="selenium is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMEDRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and CHROMEDRIVER), reason="no chromium with its chromedriver is installed"
)
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --window-size=1600,1000"
)
MakeRecord = Callable[..., SheetRecord]
ALARM = {
    "kind": "seam",
    "frames": [[105, 106]],
    "value": 3.0,
    "limit": 2.0,
    "text": "a step",
    "is_notice": False,
}
NOTICE = {**ALARM, "kind": "repeated frames", "is_notice": True}
STALL_MS = 400
"""Longest that scrolling through 3000 shots may keep the page from answering; some 30 ms are usual."""


def picture(level: int, size: tuple[int, int] = (64, 48)) -> str:
    buffer = BytesIO()
    noise = np.random.default_rng(level).normal(0, 9, (*size[::-1], 3))
    Image.fromarray(np.clip(level + noise, 0, 255).astype(np.uint8)).save(buffer, "WEBP", quality=70)
    return base64.b64encode(buffer.getvalue()).decode()


def pictures(number: int, size: tuple[int, int] = (64, 48)) -> Pictures:
    return {
        "frame": 100 * number,
        "label": "most changed",
        "size": size,
        "before": picture(40, size),
        "after": picture(200, size),
        "slice_before": picture(90),
        "slice_after": picture(120),
        "curves": {
            "light_before": [1, 3, 2],
            "light_after": [2, 2.5, 2],
            "dirt": [4, 0, 1],
            "changed": [0.1],
        },
    }


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One chromium for all tests, with a profile of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(CHROMEDRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: Any, tmp_path: Path, make_sheet_record: MakeRecord) -> Iterator[Any]:
    """A page of six shots, opened from the disk; afterwards nothing was complained of or fetched."""
    records = [
        make_sheet_record(1, changed=0.01, flicker=0.05, note="</script><b>the fire"),
        make_sheet_record(2, changed=0.03, dirt=9.0, alarms=[ALARM]),
        make_sheet_record(3, is_failed=True, is_finished=False, problems=["restore failed: torn"]),
        make_sheet_record(4, changed=0.02, alarms=[ALARM, {**ALARM, "kind": "large mask"}]),
        make_sheet_record(5, changed=0.005, repaired=0.001, alarms=[NOTICE]),
        make_sheet_record(6, is_finished=False, problems=["shown as ingested: restore not done"]),
    ]
    records = [replace(record, small=pictures(record.entry.number)) for record in records]
    large = {4: [{**pictures(4), "mask": picture(250)}, {**pictures(4), "frame": 401, "label": "typical"}]}
    Image.new("RGB", (2400, 1300), (10, 200, 10)).save(tmp_path / "shot-0004.png")
    browser.get_log("browser")
    browser.get_log("performance")
    open_page(
        browser, tmp_path, make_page("reel", records, lambda number: large.get(number, [pictures(number)]))
    )
    yield browser
    assert [entry for entry in browser.get_log("browser") if "shot-0002.png" not in entry["message"]] == []
    fetched = [entry["message"] for entry in browser.get_log("performance")]
    assert [message for message in fetched if '"url":"http' in message] == []
    assert any('"Network.requestWillBeSent"' in message and '"url":"file:' in message for message in fetched)


def open_page(browser: Any, folder: Path, text: str) -> None:
    (folder / "index.html").write_text(text, encoding="utf-8")
    browser.get((folder / "index.html").as_uri())


def one(browser: Any, selector: str) -> Any:
    return browser.find_element("css selector", selector)


def listed(browser: Any) -> list[int]:
    """Numbers of the shots in the list, from top to bottom."""
    rows = "[...document.querySelectorAll('.row')].sort((a, b) => a.ariaPosInSet - b.ariaPosInSet)"
    numbers: list[int] = browser.execute_script(f"return {rows}.map((row) => Number(row.id.slice(5)))")
    return numbers


def press(browser: Any, *names: str) -> None:
    for name in names:
        webdriver.ActionChains(browser).send_keys(getattr(keys.Keys, name)).perform()


def edge(browser: Any) -> int:
    return int(one(browser, "[role=slider]").get_attribute("aria-valuenow"))


def test_filters_show_what_they_say(page: Any) -> None:
    """By the buttons, by the kind of alarm, by words; the count says how many."""
    for name, expected in {
        "all": [3, 4, 2, 5, 1, 6],
        "failed": [3],
        "flagged": [3, 4, 2],
        "changed": [4, 2, 5, 1],
        "unfinished": [3, 6],
    }.items():
        button = one(page, f"[data-filter={name}]")
        button.click()
        assert listed(page) == expected
        assert button.get_attribute("aria-pressed") == "true"
        assert one(page, "#count").text == f"{len(expected)} of 6 shots"
    one(page, "[data-filter=all]").click()
    kind = select.Select(one(page, "#kind"))
    kind.select_by_visible_text("repeated frames")
    assert listed(page) == [5]
    kind.select_by_index(0)
    for words, expected in {"FIRE": [1], "2": [2], "nothing": []}.items():
        one(page, "#find").clear()
        one(page, "#find").send_keys(words)
        assert listed(page) == expected


def test_orders_sort(page: Any) -> None:
    """Worst first is failed, then alarms, then change."""
    order = select.Select(one(page, "#order"))
    for name, expected in {
        "worst": [3, 4, 2, 5, 1, 6],
        "changed": [5, 2, 4, 1, 3, 6],
        "flicker": [1, 3, 4, 2, 5, 6],
        "dirt": [2, 3, 4, 5, 1, 6],
        "number": [1, 2, 3, 4, 5, 6],
    }.items():
        order.select_by_value(name)
        assert listed(page) == expected


def test_a_note_is_text(page: Any) -> None:
    """Markup in it neither ends the script's data nor becomes an element."""
    one(page, "#shot-1").click()
    assert one(page, "#detail h2").text == "Shot 1: </script><b>the fire"
    assert page.find_elements("css selector", "#detail b b, .row b b") == []


def test_the_list_is_walked_with_keys(page: Any) -> None:
    """Arrows, Home and End choose; the list says which; Enter goes to the divider."""
    shots = one(page, "#list")
    page.execute_script("arguments[0].focus()", shots)
    for name, expected in {"ARROW_DOWN": 4, "END": 6, "ARROW_UP": 1, "HOME": 3}.items():
        press(page, name)
        assert shots.get_attribute("aria-activedescendant") == f"shot-{expected}"
        assert one(page, "#detail h2").text.startswith(f"Shot {expected}")
        assert one(page, "[aria-selected=true]").get_attribute("id") == f"shot-{expected}"
    press(page, "ARROW_DOWN", "ENTER")
    assert page.switch_to.active_element.get_attribute("role") == "slider"


def test_the_wipe_follows_mouse_and_keys(page: Any) -> None:
    """Left of the divider the picture is as it was, right of it as it is now."""
    one(page, "#shot-4").click()
    assert edge(page) == 50
    wipe = one(page, ".wipe")
    width = wipe.size["width"]
    moves = webdriver.ActionChains(page).move_to_element(wipe).click_and_hold()
    moves.move_by_offset(round(0.3 * width), 0).release().perform()
    assert edge(page) == pytest.approx(80, abs=1)
    moved = webdriver.ActionChains(page).move_by_offset(-100, 0)
    moved.perform()
    assert edge(page) == pytest.approx(80, abs=1)  # let go: it stays
    shown = Image.open(BytesIO(wipe.screenshot_as_png)).convert("L")
    row = shown.height // 4
    assert np.asarray(shown)[row, round(0.7 * shown.width)] < 90
    assert np.asarray(shown)[row, round(0.9 * shown.width)] > 150
    place = edge(page)
    press(page, "ARROW_LEFT")
    assert edge(page) == place - 2
    press(page, "HOME")
    assert edge(page) == 0
    press(page, "END", "ARROW_RIGHT")
    assert edge(page) == 100


def test_frames_and_mask_of_a_shot(page: Any) -> None:
    """Each frame that the page has a large picture of can be chosen; the mask is laid over at wish."""
    one(page, "#shot-4").click()
    assert page.find_elements("css selector", ".wipe .mask") == []
    one(page, "#mask").click()
    assert len(page.find_elements("css selector", ".wipe .mask")) == 1
    one(page, "[data-frame='1']").click()
    assert one(page, ".wipe img").get_attribute("alt") == "frame 401 before"
    assert one(page, "[data-frame='1']").get_attribute("aria-pressed") == "true"


def test_curves_and_slices(page: Any) -> None:
    """All that was measured is drawn; the pointer reads the frame."""
    one(page, "#shot-2").click()
    assert len(page.find_elements("css selector", "figure .panel img")) == 2
    labels = [svg.get_attribute("aria-label") for svg in page.find_elements("css selector", "figure svg")]
    assert labels == ["light, %: 1 to 3", "dirt, spots a frame: 0 to 4", "work, %: 0 to 0.1"]
    chart = one(page, "figure svg")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", chart)
    webdriver.ActionChains(page).move_to_element(chart).perform()
    frame, _, numbers = one(page, "figcaption").text.partition(": ")
    assert frame in ("frame 224", "frame 225")
    assert numbers.startswith("light before 3, light after 2.5, dirt 0")


def test_a_click_opens_the_sheet_at_full_size(page: Any) -> None:
    """The PNG beside the page, at its own size on demand; Escape closes; one that is gone is said to be."""
    one(page, "#shot-4").click()
    one(page, "#detail .open").click()
    assert one(page, "dialog").get_attribute("open") is not None
    size = "const image = document.querySelector('dialog img'); return [image.naturalWidth, image.width]"
    wait_for(lambda: page.execute_script(size)[0] == 2400)
    assert page.execute_script(size)[1] < 1600
    one(page, "#fit").click()
    assert page.execute_script(size)[1] == 2400
    press(page, "ESCAPE")
    assert one(page, "dialog").get_attribute("open") is None
    one(page, "#shot-2").click()
    one(page, "#detail .open").click()
    wait_for(lambda: one(page, "dialog [role=alert]").is_displayed())
    press(page, "ESCAPE")


def test_without_scripts_it_is_a_plain_list(page: Any) -> None:
    """Worst first, each with what is wrong and a link to its sheet."""
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.refresh()
        items = page.find_elements("css selector", "#plain li")
        links = [item.find_element("css selector", "a").get_attribute("href") for item in items]
        assert [link.rsplit("/", 1)[1] for link in links[:2]] == ["shot-0003.png", "shot-0004.png"]
        assert all(item.is_displayed() for item in items)
        assert "restore failed: torn" in items[0].text
        assert "seam: a step" in items[1].text
        assert not one(page, "#tools").is_displayed()
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.slow
def test_three_thousand_shots_scroll(browser: Any, tmp_path: Path, make_sheet_record: MakeRecord) -> None:
    """Few of them exist at a time, and the page always answers within `STALL_MS`."""
    small = pictures(1, (176, 132))
    records = [
        replace(
            make_sheet_record(number, changed=number / 1e5, alarms=[ALARM] * (number % 7 == 0)), small=small
        )
        for number in range(1, 3001)
    ]
    open_page(browser, tmp_path, make_page("long", records, lambda number: [small]))
    assert one(browser, "#count").text == "3000 of 3000 shots"
    browser.set_script_timeout(60)
    stall = browser.execute_async_script(
        """
        const done = arguments[0], list = document.getElementById("list");
        let last = performance.now(), worst = 0, step = 0;
        const steps = 90, end = list.scrollHeight - list.clientHeight;
        function tick(now) {
          worst = Math.max(worst, now - last); last = now;
          if (step > steps) { done(worst); return; }
          list.scrollTop = end * step / steps; step += 1;
          requestAnimationFrame(tick);
        }
        requestAnimationFrame(tick);
        """
    )
    assert stall < STALL_MS
    rows = browser.find_elements("css selector", ".row")
    assert len(rows) < 40
    assert listed(browser)[-1] == 1  # the least changed of those without an alarm
    started = time.perf_counter()
    one(browser, "[data-filter=flagged]").click()
    assert one(browser, "#count").text == "428 of 3000 shots"
    assert time.perf_counter() - started < 2


def wait_for(is_so: Callable[[], bool], seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)
