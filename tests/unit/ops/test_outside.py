"""What is seen from outside, from the first moment of a process to its last."""

import asyncio
import socket

import pytest
from kit.looked import BOTH, ON, Looked, health, scraped, until
from kit.placing import belongs, cover, placed, record
from kit.processes import free_ports
from kit.sited import Site

from placement.app import micros
from placement.config import Listener, Settings
from placement.domain.affected import affected
from placement.domain.terms import MICROS_A_DAY
from placement.ops import metrics
from placement.ops.opening import serve_from_sealed
from placement.ops.outside import Outside
from placement.ops.status import _samples
from placement.rpc.health import CUSTODY, REEVALUATION
from placement.service import worker

INCIDENT = (
    "incident a sweep found what no change had touched, or something can't be weighed"
    " unforeseen=1 failed=0"
)


def beside(settings, act):
    """Be outside while a thread does something; return what that returns."""

    async def run():
        async with Outside(settings) as outside:
            return await asyncio.to_thread(act, outside)

    return asyncio.run(run())


def test_nothing_listens_unless_told(tmp_path):
    """Neither one."""

    def act(outside):
        return outside.metrics_port, outside.health_port

    assert beside(Settings(anchor=tmp_path / "a"), act) == (0, 0)


def test_while_it_is_sealed(tmp_path):
    """Both say so, and go on to say that it starts."""
    settings = Settings(anchor=tmp_path / "a", custody="passphrase", **BOTH)

    def act(outside):
        first = [health(outside.health_port, name) for name in ("", CUSTODY)]
        page = scraped(outside.metrics_port)
        outside.open()
        while health(outside.health_port) == first[0]:
            continue
        second = [health(outside.health_port, name) for name in ("", CUSTODY)]
        return first, second, page, scraped(outside.metrics_port)

    sealed, starting, shut, opened = beside(settings, act)

    assert sealed == [("NOT_SERVING", "sealed")] * 2
    assert starting == [("NOT_SERVING", "starting"), ("SERVING", None)]
    assert "placement_sealed 1.0\n" in shut
    assert "placement_sealed 0.0\n" in opened
    assert "placement_serving 0.0\n" in opened


def test_an_address_that_is_taken_starts_nothing(tmp_path):
    """And leaves nothing that listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = Listener(on=True, address=f"127.0.0.1:{port}")
        settings = Settings(anchor=tmp_path / "a", health=ON, metrics=other)
        with pytest.raises(OSError, match="in use"):
            beside(settings, lambda _: None)


# Of a whole server


def test_a_server_that_serves(tmp_path):
    """Figures and view come by themselves, within moments of the start."""

    def act(town, outside):
        def known():
            got = _samples(scraped(outside.metrics_port))
            return {name for name, _ in got}

        wanted = {row.name for row in metrics.METRICS}
        seen = until(lambda: health(outside.health_port), ("SERVING", None))
        return until(known, wanted) ^ wanted, seen

    assert Looked(tmp_path).run(act) == (set(), ("SERVING", None))


@pytest.mark.slow
def test_a_difference_that_a_sweep_finds_is_seen_three_ways(
    tmp_path, caplog, monkeypatch
):
    """In health with its reason, in the log, and as a metric."""
    ahead = [0]
    looked = Looked(tmp_path, clock=lambda: micros() + ahead[0])
    well = ("SERVING", None)

    def act(town, outside):
        def told():
            got = _samples(scraped(outside.metrics_port))
            return (
                got["incidents_total", "sweep"],
                got["trouble", "sweep"],
                got["log_lines_total", "critical"],
                health(outside.health_port, REEVALUATION),
                health(outside.health_port),
            )

        cover(town)
        case = town.opened("worker")
        placed(town, case)
        town.settled()
        before = told()
        # A defect: changes touch nobody. Only a sweep still finds who is in danger.
        monkeypatch.setattr(worker, "affected", touching_nobody)
        belongs(town, case, town.group)
        record(town, town.fact_of(presence=town.presence(area="2480")))
        town.settled()
        unseen = told()
        ahead[0] += MICROS_A_DAY
        found = (1, 1, 1, ("NOT_SERVING", "sweep"), well)
        return before, unseen, until(told, found), found

    before, unseen, got, found = looked.run(act)

    assert before == unseen == (0, 0, 0, well, well)
    assert got == found
    assert [each for each in caplog.messages if "incident" in each] == [INCIDENT]


def touching_nobody(state, ruleset, touch):
    return affected(state, ruleset, touch) if touch.sweep else []


def test_a_sealed_server_is_seen_until_it_serves(tmp_path, monkeypatch):
    """Through one start with a token: sealed, starting or serving, and never nothing."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    site = Site(tmp_path)
    site.make()
    ports = free_ports(2)
    site.write(
        metrics=f'{{on = true, address = "127.0.0.1:{ports[0]}"}}',
        health=f'{{on = true, address = "127.0.0.1:{ports[1]}"}}',
    )
    seen = []

    async def run():
        told, sealed = asyncio.Event(), asyncio.Event()

        def say(sentence):
            seen.append(sentence.partition(" ")[0])
            sealed.set()

        async def ask():
            await sealed.wait()
            first = await asyncio.to_thread(health, ports[1])
            wanted = ("SERVING", None)
            last = await asyncio.to_thread(until, lambda: health(ports[1]), wanted)
            page = await asyncio.to_thread(scraped, ports[0])
            told.set()
            return first, last, page

        asking = asyncio.create_task(ask())
        await serve_from_sealed(site.load(), told, say)
        return await asking

    first, last, page = asyncio.run(run())

    assert seen == ["Sealed", "Serving"]
    assert first[0] == "NOT_SERVING"
    assert first[1] in {"sealed", "starting"}
    assert last == ("SERVING", None)
    assert "placement_serving 1.0\n" in page
