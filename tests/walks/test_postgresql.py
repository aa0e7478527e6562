"""The main job on PostgreSQL: one server, its restart, and a second one beside it."""

import asyncio
import threading
from concurrent import futures
from contextlib import contextmanager
from itertools import pairwise

import grpc
import pytest
from kit.audited import vouched
from kit.placing import alarm, confirm, held
from kit.town import GROUND, PATHS, PEOPLE, TIMEOUT, Town, fresh
from placement_client.refusals import evened

from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import log_service_pb2 as log
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.app import App
from placement.audit import details, merkle
from placement.audit.entry import parse
from placement.audit.note import Verifier
from placement.crypto.signing import verify
from placement.store import fsck

pytestmark = pytest.mark.postgres


@pytest.fixture
def town(tmp_path, postgres_url):
    with Town(
        tmp_path, database=postgres_url, keys=f"sqlite:///{tmp_path}/keys.db"
    ) as town:
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


# The access log of two servers


class Both:
    """Two servers of one log, asked in turn."""

    def __init__(self, town, other):
        self._town, self._ports = town, (town.served.port, other.port)

    def done(self, number, who, method, request, kind):
        with self._town.through(self._ports[number % 2]):
            return self._town.done(who, method, request, kind)


@pytest.fixture
def both(town):
    with Beside(town.served.settings) as other:
        yield Both(town, other)


def newest(both, number):
    """Return the newest checkpoint that a server gives."""
    asked = log.GetCheckpointRequest()
    return both.done(
        number, "witness", "GetCheckpoint", asked, log.GetCheckpointResponse
    ).note


def test_a_receipt_can_be_fetched_from_the_other_server(town, both):
    """At once; each of them proves what the other wrote."""
    for number in range(4):
        answer = both.done(
            number,
            "worker",
            "CheckPlacement",
            town.question(),
            check.CheckPlacementResponse,
        )
        index = answer.leaf_index
        receipt = both.done(
            number + 1,
            "worker",
            "GetReceipt",
            log.GetReceiptRequest(index=index),
            log.GetReceiptResponse,
        )
        made = vouched(town, receipt.note)
        leaf = merkle.leaf_hash(receipt.entry)
        merkle.verify_inclusion(leaf, index, made.size, receipt.hashes, made.root)
        opened = details.opened(receipt.details, parse(receipt.entry).details)

        assert list(opened.matter.decisions) == [answer.verdicts[0].decision_id]
        assert opened.outline is None


@pytest.mark.slow
def test_checkpoints_of_two_servers_never_fork(town, both):
    """Both write at once and both sign: one size has one root, and each begins the next."""
    seen = set()
    role, organisation, _ = PEOPLE["worker"]
    people = [
        town.served.pki.client(role, organisation, f"cw-8{number}")
        for number in range(4)
    ]

    def work(number):
        pair = people[number]
        credentials = grpc.ssl_channel_credentials(
            town.served.pki.ca, pair.key, pair.certificate
        )
        address = f"localhost:{both._ports[number % 2]}"
        with evened(grpc.secure_channel(address, credentials)) as channel:
            show = channel.unary_unary(PATHS["ShowCase"])
            ask = channel.unary_unary(PATHS["GetCheckpoint"])
            for _ in range(40):
                show(
                    check.ShowCaseRequest(case_handle=town.case).SerializeToString(),
                    timeout=TIMEOUT,
                )
                size = town.head().leaves
                wanted = log.GetCheckpointRequest(least_size=size)
                content = ask(wanted.SerializeToString(), timeout=TIMEOUT)
                note = log.GetCheckpointResponse.FromString(content).note
                seen.add(vouched(town, note))

    with futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    made = sorted(seen, key=lambda each: each.size)
    sizes = [each.size for each in made]
    for number, (old, new) in enumerate(pairwise(made)):
        asked = log.ProveConsistencyRequest(old_size=old.size, new_size=new.size)
        proof = both.done(
            number, "witness", "ProveConsistency", asked, log.ProveConsistencyResponse
        ).hashes
        merkle.verify_consistency(old.size, new.size, old.root, new.root, proof)
    verifier = Verifier(town.served.log_key, verify)

    assert len(sizes) > 10
    assert len(set(sizes)) == len(sizes)
    assert fsck.verify(town.store, verifier, deeper=True).leaves >= sizes[-1]


def test_two_servers_give_one_checkpoint(town, both):
    """Of one size, byte for byte, whoever signed it."""
    town.settled()

    assert newest(both, 0) == newest(both, 1)


def test_a_search_goes_on_at_the_other_server(town, both):
    """A page's token is the store's, not the server's."""
    page, got, number = None, [], 0
    while page is None or page.next_page_token:
        asked = audit.ListEntriesRequest(
            filter=audit.EntryFilter(first_index=0),
            page_size=2,
            page_token=page.next_page_token if page else b"",
            ground=GROUND,
        )
        page = both.done(
            number, "auditor", "ListEntries", asked, audit.ListEntriesResponse
        )
        got += [each.index for each in page.entries]
        number += 1

    assert got == list(range(page.size))
    assert number > 3


# What two servers do by themselves


@contextmanager
def watching(town, port, token=b""):
    """Follow the coordinator's alerts at one of the servers; yield the answers."""
    pair = town.served.pki.client(*PEOPLE["coordinator"])
    credentials = grpc.ssl_channel_credentials(
        town.served.pki.ca, pair.key, pair.certificate
    )
    request = alert.WatchAlertsRequest(resume_token=token)
    with evened(grpc.secure_channel(f"localhost:{port}", credentials)) as channel:
        ask = channel.unary_stream(PATHS["WatchAlerts"])
        stream = ask(request.SerializeToString(), timeout=60.0)
        yield map(alert.WatchAlertsResponse.FromString, stream)
        stream.cancel()


def told(answers):
    """Read on until somebody is told of an alert; return the answer."""
    return next(answer for answer in answers if answer.alerts)


@pytest.mark.slow
def test_an_alert_of_one_server_comes_by_the_others_stream(town):
    """Once; and whoever goes on at the other server loses nothing."""
    with Beside(town.served.settings) as other:
        with watching(town, other.port) as answers:
            next(answers)
            first = alarm(town)
            answer = told(answers)
        second = alarm(town)
        with watching(town, town.served.port, answer.resume_token) as answers:
            later = told(answers)
        with town.through(other.port):
            third = alarm(town)
        with watching(town, town.served.port, later.resume_token) as answers:
            last = told(answers)
    raised = [each.id for each in town.state().alerts]

    assert [
        [each.police_alert.alert_id for each in one.alerts]
        for one in (answer, later, last)
    ] == [[first.id], [second.id], [third.id]]
    assert raised == [first.id, second.id, third.id]


def test_a_hold_of_one_server_is_confirmed_at_the_other(town):
    """Whichever of them a municipality calls."""
    with Beside(town.served.settings) as other:
        key = held(town, town.case)
        with town.through(other.port):
            confirmed = confirm(town, key)

    assert confirmed.answer.state == wire.PLACEMENT_STATE_ACTIVE
    assert town.state().placements[key].state == wire.PLACEMENT_STATE_ACTIVE
