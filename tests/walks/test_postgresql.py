"""The main job on PostgreSQL: one server, its restart, and a second one beside it."""

import asyncio
import threading

import pytest
from kit.town import Town, fresh

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.app import App

pytestmark = pytest.mark.postgres


@pytest.fixture
def town(tmp_path, postgres_url):
    with Town(tmp_path, database=postgres_url) as town:
        attest = registry.AttestCoverageRequest(
            request_id=fresh(), reviewed_on_day=town.today, whole_region=True
        )
        town.done("national", "AttestCoverage", attest, registry.AttestCoverageResponse)
        yield town


def verdict(town, **given):
    """Ask about 2480 and return the verdict's word."""
    answer = town.done(
        "worker", "CheckPlacement", town.question(**given), check.CheckPlacementResponse
    )
    return wire.Verdict.Name(answer.verdicts[0].verdict).removeprefix("VERDICT_")


def danger(town):
    """Record that the asking person is in danger in 2480, by two coordinators."""
    member = wire.CaseMember(case_handle=town.case)
    tie = wire.Tie(person=wire.Person(case_member=member), area="2480", danger=True)
    recorded = town.done(
        "coordinator",
        "RecordFacts",
        town.record(town.fact_of(tie=tie)),
        registry.RecordFactsResponse,
    )
    approve = registry.ApproveChangeRequest(
        request_id=fresh(), change_id=recorded.change_id
    )
    town.done("second", "ApproveChange", approve, registry.ApproveChangeResponse)


class Beside:
    """A second server on the same database, in a thread of its own."""

    def __init__(self, settings):
        self._settings = settings
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self):
        self._loop, self._until = asyncio.get_running_loop(), asyncio.Event()

        def ready(port):
            self.port = port
            self._ready.set()

        await App(self._settings).serve(self._until, ready)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._until.set)
        self._thread.join(20)


def test_what_was_recorded_is_there_for_who_folds_anew(town):
    """CLEAR, then CONFLICT, and CONFLICT from a server that starts now."""
    before = verdict(town)
    danger(town)
    after = verdict(town)
    with Beside(town.served.settings) as other, town.through(other.port):
        again = verdict(town)

    assert (before, after, again) == ("CLEAR", "CONFLICT", "CONFLICT")


def test_two_servers_see_each_others_writes(town):
    """Whatever one acknowledged, the next question finds, whichever server it asks."""
    with Beside(town.served.settings) as other:
        with town.through(other.port):
            before = verdict(town)
        danger(town)
        with town.through(other.port):
            after = verdict(town)
    actions = [entry.action for entry in town.entries(0)]

    assert (before, after) == ("CLEAR", "CONFLICT")
    assert actions.count("CHECK") == 2
