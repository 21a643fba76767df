"""The page in a real browser: it opens from a file, asks for nothing, complains of nothing, and answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from canned_run import curve, width_curve, write_dataset, write_run, write_sweep
from chromium import BINARY, Browser, Tab

from syrfa.verbs.report import report

pytestmark = pytest.mark.skipif(BINARY is None, reason="no chromium here; install it, or name one by CHROMIUM")

HOSTILE = '"><script>window.hit = 1</script><img src=x onerror="window.hit = 1">'
WIDER = "[...document.querySelectorAll('body *')].filter((e) => !e.closest('.scroll, pre, svg, .chart') "
WIDER += "&& e.getBoundingClientRect().right > innerWidth + 1).map((e) => `${e.tagName} ${e.className}`)"
OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
SECONDS = 30  # to open; two on an idle machine


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages of a folder of runs with a sweep, and of a run whose every name is code."""
    root = tmp_path_factory.mktemp("pages")
    dataset = write_dataset(root / "ped2")
    for seed in (1, 2):
        write_run(root / "runs" / "knowledge", seed, dataset)
    write_run(root / "runs" / "adapted")
    write_sweep(root / "runs" / "sweep")
    names = (HOSTILE, "<b>bold</b><a href='https://example.org'>link</a>")
    write_run(root / "hostile", 1, names=names, experiment=HOSTILE, run_id=HOSTILE, module=HOSTILE, device=HOSTILE)
    write_run(root / "hostile", 2, experiment="<b>other</b>")
    pages = {"all": root / "all.html", "hostile": root / "hostile.html"}
    report(root / "runs", out=pages["all"])
    report(root / "hostile", out=pages["hostile"])
    return pages


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One for all tests: to start it takes longer than a test."""
    with Browser(tmp_path_factory.mktemp("browser") / "profile") as started:
        yield started


def browse(browser: Browser, visit: Callable[[Tab], Awaitable[None]]) -> None:
    """Visits in a new tab, and holds the page to its promises."""

    async def whole() -> None:
        async with browser.tab() as tab:
            await visit(tab)
            assert tab.complaints == []
            assert [address for address in tab.requests if not address.startswith("file://")] == []
            assert len(set(tab.requests)) == 1  # the page itself

    asyncio.run(whole())


async def drawn(tab: Tab, label: str) -> str:
    """Scrolls to the last chart of a label that is not folded away and waits until it is drawn.

    Returns:
        a selector of it.
    """
    found = await tab.run(
        "(() => { const all = [...document.querySelectorAll('figure')].filter((e) => e.checkVisibility() && "
        f"e.querySelector('figcaption').textContent === {label!r}); const chart = all.at(-1).querySelector('.chart'); "
        "chart.id = 'looked-at'; chart.scrollIntoView({block: 'center', behavior: 'instant'}); return all.length; })()"
    )
    assert found
    await tab.run(
        "new Promise((done) => { const wait = () => document.querySelector('#looked-at .main-svg') ? done() : "
        "setTimeout(wait, 20); wait(); })"
    )
    return "#looked-at"


def test_it_opens_quickly_with_every_run_and_its_numbers(browser: Browser, pages: dict[str, Path]) -> None:
    async def visit(tab: Tab) -> None:
        start = time.monotonic()
        await tab.open(pages["all"], width=1180)
        assert time.monotonic() - start < SECONDS
        sections = await tab.run("[...document.querySelectorAll('section h2')].map((e) => e.textContent)")
        assert sections == ["Overview", "Sweep lambda", "adapted: ped2 test", "knowledge: ped2 test"]
        text = await tab.run("document.querySelector('#e1').textContent")
        assert all(f"Provenance of knowledge/seed{seed}, seed {seed}" in text for seed in (1, 2))
        assert await tab.run("document.querySelectorAll('.audit').length") >= 8
        assert await tab.run("document.querySelectorAll('.alarms img').length") == 6
        # charts far down are drawn when they come into view
        charts = await tab.run("document.querySelectorAll('.chart').length")
        assert 0 < await tab.run("document.querySelectorAll('.chart .main-svg:first-of-type').length") < charts

    browse(browser, visit)


def test_a_chart_answers_the_pointer_and_its_legend(browser: Browser, pages: dict[str, Path]) -> None:
    async def visit(tab: Tab) -> None:
        await tab.open(pages["all"])
        chart = await drawn(tab, "Test001")
        await tab.hover(f"{chart} .nsewdrag", across=0.5)
        await asyncio.sleep(0.3)  # Plotly answers no more often than that
        hover = await tab.run(f"document.querySelector('{chart} .hoverlayer').textContent")
        frame = int(hover.partition("score")[0])
        assert 17 <= frame <= 22
        for value in (curve(0, 0)[frame], width_curve(0, 0)[frame]):
            assert f"{value:.3f}" in hover
        shown = f"document.querySelectorAll('{chart} .scatterlayer .trace').length"
        assert await tab.run(shown) == 2
        await tab.click(f"{chart} .legendtoggle")
        await asyncio.sleep(1)  # a second click would have meant another thing
        assert await tab.run(shown) == 1

    browse(browser, visit)


@pytest.mark.parametrize("width", [1180, 390])
@pytest.mark.parametrize("name", ["all", "hostile"])
def test_nothing_is_wider_than_the_window(browser: Browser, pages: dict[str, Path], name: str, width: int) -> None:
    async def visit(tab: Tab) -> None:
        await tab.open(pages[name], width=width, height=800)
        await tab.run(OPEN_ALL)
        await tab.settle()
        assert await tab.run("document.documentElement.scrollWidth") <= width
        assert await tab.run(WIDER) == []

    browse(browser, visit)


def test_words_can_be_read(browser: Browser, pages: dict[str, Path]) -> None:
    """WCAG 2.2: contrast of at least 4.5 of every element that holds text of its own."""
    ratio = """(() => {
      const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
      const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
      const behind = (e) => { for (; e; e = e.parentElement) {
        const found = parse(getComputedStyle(e).backgroundColor); if (found.length < 4 || found[3] > 0.99) return found;
      } return [255, 255, 255]; };
      const low = [];
      for (const e of document.querySelectorAll("body *")) {
        const own = [...e.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own || !e.getClientRects().length || e.closest(".chart, script")) continue;
        const front = light(parse(getComputedStyle(e).color)), back = light(behind(e));
        const found = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
        if (found < 4.5) low.push(`${e.tagName} ${e.className}: ${found.toFixed(2)}`);
      }
      return low;
    })()"""

    async def visit(tab: Tab) -> None:
        await tab.open(pages["all"])
        await tab.run(OPEN_ALL)
        assert await tab.run(ratio) == []

    browse(browser, visit)


def test_names_are_never_code(browser: Browser, pages: dict[str, Path]) -> None:
    async def visit(tab: Tab) -> None:
        await tab.open(pages["hostile"])
        await drawn(tab, "Micro AUROC of every run")
        assert "<b>other</b>" in await tab.run("document.querySelector('#looked-at .main-svg').textContent")
        await tab.hover("#looked-at .point")
        await drawn(tab, HOSTILE)
        await tab.hover("#looked-at .nsewdrag")
        assert await tab.run("window.hit") is None
        assert await tab.run("document.images.length") == 0
        assert await tab.run("document.querySelectorAll('.chart a[href], .chart b').length") == 0

    browse(browser, visit)
