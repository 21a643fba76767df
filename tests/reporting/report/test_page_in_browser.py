"""The page in a real browser: it opens from a file, asks for nothing, complains of nothing, and answers."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from canned_run import curve, width_curve, write_dataset, write_run, write_sweep
from chromium import BINARY, Browser, Tab

from syrfa.verbs.report import report

pytestmark = pytest.mark.skipif(BINARY is None, reason="no chromium here; install it, or name one by CHROMIUM")

HOSTILE = '"><script>window.hit = 1</script><img src=x onerror="window.hit = 1">'
WIDER = "[...document.querySelectorAll('body *')].filter((e) => !e.closest('.scroll, pre, svg') "
WIDER += "&& e.getBoundingClientRect().right > innerWidth + 1).map((e) => `${e.tagName} ${e.className}`)"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages of a folder of runs with a sweep, and of a run whose every name is code."""
    root = tmp_path_factory.mktemp("pages")
    dataset = write_dataset(root / "ped2")
    for seed in (1, 2):
        write_run(root / "runs" / "knowledge", seed, dataset)
    write_run(root / "runs" / "adapted")
    write_sweep(root / "runs" / "sweep")
    names = (HOSTILE, "</script><script>window.hit = 1</script>")
    write_run(root / "hostile", 1, names=names, experiment=HOSTILE, run_id=HOSTILE, module=HOSTILE, device=HOSTILE)
    pages = {"all": root / "all.html", "hostile": root / "hostile.html"}
    report(root / "runs", out=pages["all"])
    report(root / "hostile" / "seed1", out=pages["hostile"])
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


def test_a_curve_answers_pointer_and_keys(browser: Browser, pages: dict[str, Path]) -> None:
    svg = '[data-plot="e1-v0"] svg'
    told = "document.querySelector('[data-plot=\"e1-v0\"]').parentElement.querySelector('output').textContent"

    async def visit(tab: Tab) -> None:
        await tab.open(pages["all"])
        assert await tab.run(told) == ""
        await tab.hover(svg, across=0.5)
        said = await tab.run(told)
        frame = int(re.findall(r"frame (\d+)", said)[0])
        assert 17 <= frame <= 22
        assert said == (
            f"frame {frame}, score {round(curve(0, 0)[frame], 4):.3f}, box_width "
            f"{round(width_curve(0, 0)[frame], 4):.3f}, {'abnormal' if frame >= 20 else 'normal'}"
        )
        await tab.run(f"document.querySelector({svg!r}).focus()")
        await tab.press("ArrowRight")
        assert f"frame {frame + 1}," in await tab.run(told)
        await tab.press("End")
        assert "frame 39," in await tab.run(told)
        assert await tab.run(f"document.querySelector({svg!r}).getAttribute('aria-valuenow')") == "39"

    browse(browser, visit)


def test_rates_change_with_the_reading(browser: Browser, pages: dict[str, Path]) -> None:
    async def visit(tab: Tab) -> None:
        await tab.open(pages["all"])
        box = '[data-plot="e1-rates"]'
        drawn = f"[...document.querySelectorAll('{box} path')].map((e) => e.getAttribute('d')).join()"
        before = await tab.run(drawn)
        # ROC and PR of two seeds and of box_width
        assert await tab.run(f"document.querySelectorAll('{box} path').length") == 6
        select = f"document.querySelector('{box} select')"
        await tab.run(f"{select}.selectedIndex = 2; {select}.dispatchEvent(new Event('change'))")
        await tab.settle()
        assert await tab.run(drawn) != before
        await tab.hover(f"{box} svg", across=0.3, down=0.2)
        assert "false-positive rate" in await tab.run(f"document.querySelector('{box} output').textContent")

    browse(browser, visit)


def test_parallel_coordinates_light_up_and_are_cut(browser: Browser, pages: dict[str, Path]) -> None:
    async def visit(tab: Tab) -> None:
        await tab.open(pages["all"])
        box = '[data-plot="sweep0"]'
        assert await tab.run(f"document.querySelectorAll('{box} .way').length") == 3
        await tab.hover("table#sweep0 tbody tr", across=0.1)  # the best point
        assert await tab.run(f"document.querySelectorAll('{box} .way.on').length") == 1
        assert "lambda_aux 5, val/micro_auroc 85.0, test/micro_auroc 95.0" in await tab.run(
            f"document.querySelector('{box} .readout').textContent"
        )
        await tab.hover(f"{box} svg", across=0.9, down=0.85)  # the way of the lowest point ends there
        assert await tab.run("document.querySelector('table#sweep0 tr.on').textContent.startsWith('1')")
        slider = f"document.querySelector('{box} input')"
        await tab.run(f"{slider}.value = 50; {slider}.dispatchEvent(new Event('input'))")
        assert await tab.run(f"document.querySelectorAll('{box} .way.cut').length") == 2

    browse(browser, visit)


def test_colours_follow_the_system_and_the_button(browser: Browser, pages: dict[str, Path]) -> None:
    async def visit(tab: Tab) -> None:
        paper = "getComputedStyle(document.body).backgroundColor"
        await tab.open(pages["all"])
        light = await tab.run(paper)
        await tab.run("document.getElementById('theme').click()")
        dark = await tab.run(paper)
        assert (light, dark) == ("rgb(255, 255, 255)", "rgb(17, 21, 26)")
        await tab.open(pages["all"], dark=True)
        assert await tab.run(paper) == dark
        assert await tab.run("document.getElementById('theme').textContent") == "Light"
        await tab.run("document.getElementById('theme').click()")
        assert await tab.run(paper) == light

    browse(browser, visit)


def test_words_can_be_read_in_both_colours(browser: Browser, pages: dict[str, Path]) -> None:
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
        const told = [...e.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!told || !e.getClientRects().length) continue;
        const style = getComputedStyle(e);
        const front = light(parse(e instanceof SVGElement ? style.fill : style.color)), back = light(behind(e));
        const found = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
        if (found < 4.5) low.push(`${e.tagName} ${e.className.baseVal ?? e.className}: ${found.toFixed(2)}`);
      }
      return low;
    })()"""

    async def visit(tab: Tab) -> None:
        for dark in (False, True):
            await tab.open(pages["all"], dark=dark)
            await tab.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            assert await tab.run(ratio) == []

    browse(browser, visit)


@pytest.mark.parametrize("name", ["all", "hostile"])
def test_nothing_is_wider_than_a_phone(browser: Browser, pages: dict[str, Path], name: str) -> None:
    async def visit(tab: Tab) -> None:
        await tab.open(pages[name], width=390, height=800)
        await tab.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        await tab.settle()
        assert await tab.run("document.documentElement.scrollWidth") == 390
        assert await tab.run(WIDER) == []

    browse(browser, visit)


def test_names_are_never_code(browser: Browser, pages: dict[str, Path]) -> None:
    async def visit(tab: Tab) -> None:
        await tab.open(pages["hostile"])
        await tab.hover('[data-plot="e0-v0"] svg')
        assert await tab.run("window.hit") is None
        assert await tab.run("document.querySelector('figcaption').firstChild.textContent") == HOSTILE
        assert await tab.run("document.images.length") == 0

    browse(browser, visit)
