"""Who scrapes a server learns how it is, and nothing of what it was asked or answered.

Two scrapes are compared over checks that differ only in their verdict: on one server, in
turn, and on two whose worlds differ in somebody who is placed. The clock is set by hand,
so that times agree, too. What may differ is in ``FREE``.
"""

import json
import logging
import time
from dataclasses import dataclass

import pytest
from kit import paired
from kit.leaks import found_in, logged
from kit.paired import AREAS, DIFFERENCES, PLACE, Pair
from kit.paired_life import Life
from kit.placing import belongs, cover, record
from kit.still import written
from kit.town import TIMEOUT, Town

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import types_pb2 as wire
from placement.app import micros
from placement.ops.logs import AsJson
from placement.ops.metrics import Page, Seen
from placement.ops.status import _samples
from placement.service.pulse import MINUTE

FREE = {
    # How long the disk took: it rests on bytes and on what else the machine does.
    ("commit_seconds", ""),
    # The next power of two of all that was ever written, whatever it says.
    ("epoch_records", ""),
}
CHECKS = 3


@dataclass
class Watcher:
    """Scrapes a town, at the beginning of a minute each time.

    Attributes:
        clock: of the server.
    """

    town: Town
    clock: list[int]

    def page(self):
        """Return the page, with figures that were just taken."""
        site = self.town.served.app
        self.clock[0] = (self.clock[0] // MINUTE + 1) * MINUTE
        end = time.monotonic() + TIMEOUT
        while site.outlook.pulse.figures is None or (
            site.outlook.pulse.figures.at < self.clock[0]
        ):
            assert time.monotonic() < end
            time.sleep(0.02)
        if not self.town.served.settings.tick:  # else it is signed by now
            site.engine.publish().result(TIMEOUT)
        site.outlook.look()
        seen = Seen(
            started=1,
            reasons=site.statuses(),
            lines={},
            backups={},
            outlook=site.outlook,
        )
        return Page(lambda: seen).render().decode()

    def scrape(self):
        """Return what may not differ."""
        found = _samples(self.page())
        return {name: value for name, value in found.items() if name not in FREE}


def moved(before, after):
    """Return how far every sample went."""
    assert before.keys() == after.keys()
    return {name: after[name] - before[name] for name in before}


@pytest.mark.slow
@pytest.mark.parametrize("tick", [0, 60])
def test_verdicts_look_alike(tmp_path, tick):
    """CLEAR and CONFLICT on one server, asked as often, one after the other."""
    clock = [micros()]
    with Town(tmp_path, clock=lambda: clock[0], tick=tick, pace=25) as town:
        watcher = Watcher(town, clock)
        cover(town)
        cases = [town.opened("worker") for _ in range(2)]
        belongs(town, cases[1], town.group)
        record(town, town.fact_of(presence=town.presence(area=PLACE)))
        town.settled()
        watcher.page()  # with what was done until here
        pages, verdicts = [], []
        for case in (cases[0], *cases):  # the first time to begin with
            for _ in range(CHECKS):
                answer = town.done(
                    "worker",
                    "CheckPlacement",
                    town.question(PLACE, case_handle=case),
                    check.CheckPlacementResponse,
                )
                verdicts.append(answer.verdicts[0].verdict)
            pages.append(watcher.scrape())
    clear, conflict = moved(*pages[:2]), moved(*pages[1:])

    assert verdicts[CHECKS : 2 * CHECKS] == [wire.VERDICT_CLEAR] * CHECKS
    assert verdicts[2 * CHECKS :] == [wire.VERDICT_CONFLICT] * CHECKS
    assert len(clear) > 30
    assert clear == conflict


@pytest.mark.slow
def test_a_quiet_minute_looks_like_one_with_checks(tmp_path):
    """With ticks a scrape does not even tell whether anybody asked."""
    clock = [micros()]
    with Town(tmp_path, clock=lambda: clock[0], tick=60) as town:
        watcher = Watcher(town, clock)
        town.settled()
        watcher.page()
        pages = [watcher.scrape(), watcher.scrape()]
        for _ in range(CHECKS):
            town.call("worker", "CheckPlacement", town.question(PLACE))
        pages.append(watcher.scrape())
        quiet, asked = moved(*pages[:2]), moved(*pages[1:])

    assert quiet["entries", ""] == 4
    assert quiet == asked


@pytest.mark.slow
def test_worlds_look_alike(tmp_path, monkeypatch):
    """Somebody is placed in one of two; the same is asked in both, and answered not."""
    # Without phantom stays, so that the verdicts differ for certain.
    monkeypatch.setattr(paired, "_ruleset", written)
    with Pair.differing(tmp_path, DIFFERENCES["placement"]) as pair:
        watchers = [Watcher(world.town, world.clock) for world in pair.worlds]
        life = Life(pair)
        life.live([("open", 2, 0), ("assess", 0, 0)])
        for watcher in watchers:
            watcher.page()
        before = [watcher.scrape() for watcher in watchers]
        life.live([("check", 0, AREAS.index(PLACE)) for _ in range(CHECKS)])
        after = [watcher.scrape() for watcher in watchers]
    one, other = map(moved, before, after)

    assert life.met > 0
    assert one == other


@pytest.mark.slow
def test_a_leak_would_be_seen(tmp_path, monkeypatch):
    """Else the above says nothing: here the room in the line tells the verdict."""
    clock = [micros()]
    with Town(tmp_path, clock=lambda: clock[0]) as town:
        watcher = Watcher(town, clock)
        watcher.page()
        pages = [watcher.scrape(), watcher.scrape()]
        town.served.app.engine.pulse.refuse()
        pages.append(watcher.scrape())

    assert moved(*pages[:2]) != moved(*pages[1:])


def test_neither_page_nor_lines_name_anybody(tmp_path):
    """No handle, token, id or person; in either form of the log."""
    clock = [micros()]
    with logged() as lines, Town(tmp_path, clock=lambda: clock[0]) as town:
        formatted = Formatted()
        logging.getLogger().addHandler(formatted)
        try:
            town.call("worker", "CheckPlacement", town.question(PLACE))
            town.call("worker", "CheckPlacement", town.question(case_handle=bytes(16)))
            town.served.app._worker.rest(clock[0], "test")
            page = Watcher(town, clock).page()
        finally:
            logging.getLogger().removeHandler(formatted)
        secrets = {
            "case": town.case,
            "theirs": town.theirs,
            "group": town.group,
            "house": town.house,
            "fact": town.fact,
            "person": "cw-01",
            "reference": "SN 1",
        }

    assert [json.loads(line)["level"] for line in formatted.lines].count(
        "critical"
    ) == 1
    assert found_in(page.encode(), secrets) == []
    assert found_in("\n".join([*lines, *formatted.lines]).encode(), secrets) == []
    assert found_in(town.case + b"cw-01", secrets) == ["case", "person"]


class Formatted(logging.Handler):
    """Keeps every line as an object."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.setFormatter(AsJson())
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))
