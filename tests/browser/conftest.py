"""A real browser without a window, spoken to over a pipe in the protocol of its developer tools."""

import base64
import itertools
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 60.0
COMPLAINTS = (
    "Runtime.consoleAPICalled",
    "Runtime.exceptionThrown",
    "Log.entryAdded",
    "Page.javascriptDialogOpening",
)


class Chromium:
    """One browser process; commands go to file descriptor 3, answers and events come from 4, each ended by a NUL."""

    def __init__(self, program: str, profile: Path) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        command = [
            program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--force-color-profile=srgb",
            f"--user-data-dir={profile}",
            "--remote-debugging-pipe",
            "about:blank",
        ]
        silent = os.open(os.devnull, os.O_RDWR)
        actions = [
            (os.POSIX_SPAWN_DUP2, theirs_in, 3 + 100),
            (os.POSIX_SPAWN_DUP2, theirs_out, 4 + 100),
            (os.POSIX_SPAWN_DUP2, 3 + 100, 3),
            (os.POSIX_SPAWN_DUP2, 4 + 100, 4),
            *((os.POSIX_SPAWN_DUP2, silent, standard) for standard in (0, 1, 2)),
        ]
        self._process = os.posix_spawn(program, command, os.environ, file_actions=actions, setpgroup=0)
        for descriptor in (theirs_in, theirs_out, silent):
            os.close(descriptor)
        self._numbers = itertools.count(1)
        self._buffer = b""
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send a command and give its answer; events that come meanwhile are kept."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def wait(self, method: str) -> None:
        """Wait for an event of some kind that has not come yet, and take it."""
        while not (found := [event for event in self.events if event.get("method") == method]):
            self.events.append(self._read())
        self.events.remove(found[0])

    def close(self) -> None:
        """End the browser and whatever it started."""
        os.killpg(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._out)
        os.close(self._in)

    def _read(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"the browser was silent for {PATIENCE:.0f} s"
            read = os.read(self._in, 1 << 20)
            assert read, "the browser ended"
            self._buffer += read
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message


class Tab:
    """A page in the browser, looked at and clicked as people do."""

    def __init__(self, browser: Chromium, *, scripts: bool, scheme: str, width: int) -> None:
        self._browser = browser
        self._target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )

    def open(self, path: Path) -> None:
        """Load a file and wait until all of it is there."""
        self._browser.events.clear()
        self._call("Page.navigate", url=path.as_uri())
        self._browser.wait("Page.loadEventFired")

    def value(self, expression: str) -> Any:
        """Give what an expression of JavaScript comes to, in the page."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def click(self, expression: str) -> None:
        """Click the middle of an element."""
        place = self.value(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const r = e.getBoundingClientRect();"
            f" return [r.x + r.width / 2, r.y + r.height / 2]; }})({expression})"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self._call(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", buttons=1, clickCount=1
            )

    def type(self, expression: str, text: str) -> None:
        """Put the cursor into a field and type."""
        self.value(f"{expression}.focus()")
        self._call("Input.insertText", text=text)

    def picture(self, *, whole: bool = True) -> bytes:
        """Give a PNG of the page."""
        return base64.b64decode(self._call("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def complaints(self) -> list[str]:
        """Give what the page logged, threw, was refused or asked the network for."""
        self.value("0")
        told = []
        for event in self._browser.events:
            kind, what = event.get("method"), event.get("params", {})
            if kind in COMPLAINTS:
                told.append(f"{kind}: {json.dumps(what)[:500]}")
            elif kind == "Network.requestWillBeSent" and not what["request"]["url"].startswith("file:"):
                told.append(f"it asked for {what['request']['url'][:200]}")
        return told

    def close(self) -> None:
        self._browser.call("Target.closeTarget", targetId=self._target)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    assert program is not None, f"no browser: none of {', '.join(NAMES)} is on the path"
    browser = Chromium(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def tab(chromium: Chromium) -> Iterator[Callable[..., Tab]]:
    """Open tabs; they are closed when the test is over."""
    tabs = []

    def opening(*, scripts: bool = True, scheme: str = "light", width: int = 1280) -> Tab:
        tabs.append(Tab(chromium, scripts=scripts, scheme=scheme, width=width))
        return tabs[-1]

    yield opening
    for one in tabs:
        one.close()
