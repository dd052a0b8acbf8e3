"""Milliseconds from a key, or a click, to the next record on screen, in a real browser, with many findings.

Makes a file of chat records with one or two findings each, starts `curator review` on it, and works through some of
them: J, A (accept: written to the store and linted again), Q with a reason, and clicks on rows. A time ends when the
record's text has been replaced and painted. Chromium is needed, as for the browser tests.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from running import ROOT, environment

sys.path.insert(0, str(ROOT / "tests" / "browser"))

from driving import Tab, chromium, opened, started

WORDS = ("order", "wheel", "brake", "saddle", "invoice", "return", "delivery", "bell", "frame", "chain", "lamp", "tyre")
WANTED = 250  # ms, the median
# Begins to wait for another record; the event itself says when it was made.
WAIT = """() => {
  const shown = () => document.querySelector('.cu-record')?.textContent ?? '';
  const was = shown();
  let began = 0;
  for (const name of ['keydown', 'pointerdown'])
    document.addEventListener(name, () => { began = performance.now(); }, { once: true, capture: true });
  window.curatorTime = new Promise((done) => {
    const seen = new MutationObserver(() => {
      const now = shown();
      if (!now || now === was) return;
      seen.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
    });
    seen.observe(document.body, { subtree: true, childList: true, characterData: true });
  });
}"""


def write(path: Path, count: int) -> None:
    """A file of `count` records, each with an unknown key, every fourth with a useless weight, too."""
    dice = random.Random(count)
    with path.open("w") as out:
        for number in range(count):
            question, answer = (" ".join(dice.choices(WORDS, k=dice.randint(8, 60))) for _ in range(2))
            user: dict[str, Any] = {"role": "user", "content": f"{question} {number}?"}
            if number % 4 == 0:
                user["weight"] = 1
            record = {"messages": [user, {"role": "assistant", "content": f"{answer}."}], "rating": number}
            out.write(f"{json.dumps(record)}\n")


def timed(tab: Tab, act: Callable[[], object]) -> float:
    """Milliseconds until `act` has led to another record."""
    tab.page.evaluate(WAIT)
    act()
    milliseconds: float = tab.page.evaluate("() => window.curatorTime")
    tab.settle()
    return milliseconds


def work(tab: Tab, rounds: int) -> dict[str, list[float]]:
    """What each way to another record took."""
    keyboard, page = tab.page.keyboard, tab.page

    def keep() -> float:
        tab.press("q")
        keyboard.type("measured")
        return timed(tab, lambda: keyboard.press("Enter"))

    def row(number: int) -> Callable[[], object]:
        return lambda: page.locator(f".st-key-queue-go-{number} button").click()

    ways: dict[str, Callable[[int], float]] = {
        "J, next": lambda _: timed(tab, lambda: keyboard.press("j")),
        "A, accept": lambda _: timed(tab, lambda: keyboard.press("a")),
        "X, remove": lambda _: timed(tab, lambda: keyboard.press("x")),
        "Q, reason, Enter": lambda _: keep(),
        "Z, undo": lambda _: timed(tab, lambda: keyboard.press("z")),
        "click on a row": lambda number: timed(tab, row(5 if number % 2 else 10)),
    }
    found: dict[str, list[float]] = {}
    for name, way in ways.items():
        way(1)  # the first of its kind loads what the others find
        found[name] = [way(number) for number in range(rounds)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--rounds", type=int, default=30, help="of each way (default: 30)")
    parser.add_argument("--records", type=int, default=100_000, help="in the file (default: 100,000)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        file = folder / "flagged.jsonl"
        write(file, given.records)
        began = time.perf_counter()
        log = folder / "server.log"
        with started(
            file.name, "--target", "openai", "--select", "SCH003,MSG011", cwd=folder, log=log,
            env={**environment(), "TMPDIR": name},
        ) as server:  # fmt: skip
            tab = opened(browser, server)
            tab.page.wait_for_selector(".cu-record", timeout=600_000)
            check = time.perf_counter() - began
            tab.page.context.close()
            firsts = []
            for _ in range(5):
                start = time.perf_counter()
                tab = opened(browser, server)
                tab.page.wait_for_selector(".cu-record")
                firsts.append(1000 * (time.perf_counter() - start))
                if len(firsts) < 5:
                    tab.page.context.close()
            found = {"a new tab": firsts, **work(tab, given.rounds)}
            if faults := [*tab.faults, *tab.errors()]:
                raise SystemExit("\n".join(faults))
    print(f"{given.records:,} records with findings; start, check and first record {check:.1f} s\n")
    print(f"{'':20}{'median':>8}{'p95':>8}{'worst':>8}  ms")
    for way, times in found.items():
        p95 = statistics.quantiles(times, n=20, method="inclusive")[-1]
        print(f"{way:20}{statistics.median(times):8.0f}{p95:8.0f}{max(times):8.0f}")
    slow = [way for way, times in found.items() if way != "a new tab" and statistics.median(times) > WANTED]
    if slow:
        raise SystemExit(f"over {WANTED} ms: {', '.join(slow)}")


if __name__ == "__main__":
    main()
