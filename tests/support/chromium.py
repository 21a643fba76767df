"""A headless Chromium driven by its DevTools protocol: what a page asks for, complains about, and answers."""

import asyncio
import base64
import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

BINARY = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)
_PATIENCE = 600  # seconds


class Tab:
    """One page.

    Attributes:
        complaints: console errors and warnings, and exceptions.
        requests: addresses that were asked for, other than data inside the page.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.loaded = asyncio.Event()
        self._number = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def listen(self) -> None:
        """Sorts what the browser says."""
        async for message in self.socket:
            said = message.json()
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said)
                continue
            what, detail = said["method"], said["params"]
            if what == "Runtime.exceptionThrown":
                self.complaints.append(str(detail["exceptionDetails"]))
            elif what == "Runtime.consoleAPICalled" and detail["type"] in ("error", "warning", "assert"):
                self.complaints.append(str(detail["args"]))
            elif what == "Log.entryAdded" and detail["entry"]["level"] in ("error", "warning"):
                self.complaints.append(detail["entry"]["text"])
            elif what == "Network.requestWillBeSent" and not detail["request"]["url"].startswith("data:"):
                self.requests.append(detail["request"]["url"])
            elif what == "Page.loadEventFired":
                self.loaded.set()

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Calls a method of the protocol."""
        self._number += 1
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[self._number] = answer
        await self.socket.send_json({"id": self._number, "method": method, "params": parameters})
        said = await asyncio.wait_for(answer, _PATIENCE)
        assert "error" not in said, said["error"]
        result: dict[str, Any] = said["result"]
        return result

    async def open(self, page: Path, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Opens a file in a window of `width` by `height` pixels."""
        await self.resize(width, height)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.call("Emulation.setEmulatedMedia", features=scheme)
        self.loaded.clear()
        await self.call("Page.navigate", url=page.resolve().as_uri())
        await asyncio.wait_for(self.loaded.wait(), _PATIENCE)
        await self.settle()

    async def resize(self, width: int, height: int) -> None:
        """Another size of the window; 600 pixels and less are a phone."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width <= 600
        )

    async def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        said = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    async def settle(self) -> None:
        """Waits until what is to be drawn is drawn."""
        await self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    async def hover(self, selector: str, across: float = 0.5, down: float = 0.5) -> None:
        """Moves the mouse to a place of an element, as shares of its width and height."""
        await self._mouse("mouseMoved", *await self._place(selector, across, down))
        await self.settle()

    async def click(self, selector: str) -> None:
        """Clicks into the middle of an element."""
        await self.drag(selector, (0.5, 0.5), (0.5, 0.5))

    async def drag(self, selector: str, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Presses the mouse at one place of an element and lets it go at another."""
        places = await self._place(selector, *start), await self._place(selector, *end)
        await self._mouse("mouseMoved", *places[0])
        await self._mouse("mousePressed", *places[0], button="left", buttons=1, clickCount=1)
        if start != end:
            await self._mouse("mouseMoved", *places[1], button="left", buttons=1)
        await self._mouse("mouseReleased", *places[1], button="left", clickCount=1)
        await self.settle()

    async def _place(self, selector: str, across: float, down: float) -> tuple[float, float]:
        box = await self.run(
            f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView({{block: 'center', behavior: "
            "'instant'}); const b = e.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; })()"
        )
        return box[0] + across * box[2], box[1] + down * box[3]

    async def _mouse(self, what: str, x: float, y: float, **more: object) -> None:
        await self.call("Input.dispatchMouseEvent", type=what, x=x, y=y, **more)

    async def screenshot(self, path: Path) -> None:
        """What the window shows, as PNG."""
        said = await self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(said["data"]))


class Browser:
    """A browser of its own; a context manager, so that it ends with the block.

    Args:
        profile: an empty folder for the browser's files.
    """

    def __init__(self, profile: Path) -> None:
        assert BINARY, "there is no chromium"
        command = [BINARY, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.place = profile / "DevToolsActivePort"

    def __enter__(self) -> "Browser":
        end = time.monotonic() + _PATIENCE
        while not (self.place.is_file() and self.place.read_text().strip()):
            assert self.process.poll() is None, "the browser ended at once"
            assert time.monotonic() < end, "the browser did not say where it listens"
            time.sleep(0.05)
        self.address = f"http://127.0.0.1:{self.place.read_text().split()[0]}"
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @contextlib.asynccontextmanager
    async def tab(self) -> AsyncIterator[Tab]:
        """A new page, closed in the end."""
        async with aiohttp.ClientSession() as session:
            async with session.put(f"{self.address}/json/new?about:blank") as answer:
                target = await answer.json()
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                tab = Tab(socket)
                listening = asyncio.create_task(tab.listen())
                for domain in ("Page", "Runtime", "Log", "Network"):
                    await tab.call(f"{domain}.enable")
                yield tab
                listening.cancel()
            async with session.get(f"{self.address}/json/close/{target['id']}"):
                pass
