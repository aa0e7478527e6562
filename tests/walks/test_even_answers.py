"""Whoever sees the wire can't tell one answer of a method from another."""

import logging
import time
from contextlib import contextmanager

import grpc
import pytest
from kit.asking import REQUESTS, WITNESSED
from kit.placing import belongs, cover, roomy
from kit.tapped import Tap
from kit.town import PATHS, PEOPLE, STREAMS, TIMEOUT, Town, fresh

from placement.access import Role, grants
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.domain.decide import table
from placement.rpc import door, limits
from placement.rpc.door import MAX_DEADLINE
from placement.rpc.even import SIZES
from placement.rpc.limits import MAX_REQUEST
from placement.rpc.methods import METHODS
from placement.service import waiting

MESSAGE_HEAD = 5  # bytes that gRPC sends before each message
STEP = 0.2  # seconds
SPEAKERS = ("worker", "second", "auditor", "witness", "operator")
NATIONAL = {"ProposeRuleset", "ShadowRuleset", "ApproveRuleset", "WithdrawRuleset"}
"""What only coordinators of the whole country may."""


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    with Town(folder, **WITNESSED, **roomy(folder)) as town:
        cover(town)
        yield town


@pytest.fixture(scope="module")
def taps(town):
    """Everybody's connection, tapped; each has been used before, as in life."""
    people = [*SPEAKERS, "national-second"]
    found = {who: Tap.of(town, who) for who in people}
    for tap in found.values():
        for _ in range(2):
            tap.call("CheckPlacement", b"")
    yield found
    for tap in found.values():
        tap.__exit__()


@pytest.fixture(scope="module")
def revoked(town):
    """Connections as above, of people whose certificates are good no more."""
    found = {}
    for number, who in enumerate([*SPEAKERS, "national-second"]):
        role, organisation, _ = PEOPLE[who]
        pair = town.served.pki.client(role, organisation, f"no-{number}")
        found[who] = tap = Tap(town.served, pair)
        for _ in range(2):
            tap.call("CheckPlacement", b"")
        town.served.pki.revoke(pair)
    yield found
    for tap in found.values():
        tap.__exit__()


@contextmanager
def broken(place, name):
    """Let something fail in a way that nobody foresaw, until the block ends."""

    def fails(*_):
        raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, name, fails)
        yield


@contextmanager
def set_to(place, name, value):
    """Have a bound be another one, until the block ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, name, value)
        yield


@contextmanager
def held_up(town):
    """Let the line before the engine be full, until the block ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(town.served.app.engine, "_waiting", full := waiting.Waiting())
        full.put(waiting.Asked(None))
        yield


def speaker(method):
    """Return who is answered."""
    for who in ("national-second",) if method in NATIONAL else SPEAKERS:
        if METHODS[PATHS[method]] in grants(Role(PEOPLE[who][0])):
            return who
    raise AssertionError(method)


def stranger(method):
    """Return who is refused."""
    for who in SPEAKERS:
        if METHODS[PATHS[method]] not in grants(Role(PEOPLE[who][0])):
            return who
    return None


@pytest.mark.parametrize("method", PATHS)
def test_answers_and_refusals_of_a_method_look_alike(town, taps, revoked, method):
    """Bytes of messages and of headers, names and values of headers, and no status."""
    who, other = speaker(method), stranger(method)
    request = REQUESTS[method](town, who)
    shapes = {
        "answered": taps[who].call(method, request),
        "another thing": taps[who].call(method, b"\x0a\x10" + fresh()),
        "nothing asked": taps[who].call(method, b""),
        "noise": taps[who].call(method, b"\xff"),
        "too large": taps[who].call(method, bytes(MAX_REQUEST + 1)),
        "late deadline": taps[who].call(method, request, timeout=MAX_DEADLINE * 90),
    }
    shapes["certificate refused"] = revoked[who].call(method, request)
    with broken(door, "_decoded"):
        shapes["unforeseen"] = taps[who].call(method, request)
    with set_to(limits, "MAX_CALLS", 0):
        shapes["too many calls"] = taps[who].call(method, request)
    with set_to(waiting, "MAX_WAITING", 1), held_up(town):
        shapes["line full"] = taps[who].call(method, request)
    if other is not None:
        shapes["access denied"] = taps[other].call(method, request)
    own = taps[who].call(method, REQUESTS[method](town, who))
    size = SIZES[PATHS[method]] + (0 if PATHS[method] in STREAMS else MESSAGE_HEAD)

    assert {name: shape for name, shape in shapes.items() if shape != own} == {}
    assert own.data == size
    assert not own.is_reset


def test_all_methods_have_the_same_headers(taps):
    """The first block and the trailers, byte by byte."""
    seen = {
        (shape.headers, shape.metadata)
        for method in PATHS
        if PATHS[method] not in STREAMS
        for shape in (taps["worker"].call(method, b"\xff"),)
    }

    assert len(seen) == 1


# The verdicts


def weak(town, area):
    """Record a presence that one doubts."""
    scheme = wire.GRADE_SCHEME_THREE_FIVE_TWO
    fact = town.fact_of(
        presence=town.presence(area=area),
        grade=wire.SourceGrade(scheme=scheme, given="3D"),
    )
    town.done(
        "coordinator", "RecordFacts", town.record(fact), registry.RecordFactsResponse
    )


def questions(town):
    """Return a question for each verdict, and one for each way to be refused."""
    case, spent, closed = (town.opened("worker") for _ in range(3))
    new = town.done("worker", "OpenCase", town.open_case(), check.OpenCaseResponse)
    belongs(town, case, town.group)
    weak(town, "0580")
    areas = ("0114", "0115", "0117", "0120", "0123")
    for some in (areas, ("0125",)):
        town.call("worker", "CheckPlacement", town.question(*some, case_handle=spent))
    closing = check.CloseCaseRequest(
        request_id=fresh(), case_handle=closed, reason=check.CLOSE_REASON_DONE
    )
    town.done("worker", "CloseCase", closing, check.CloseCaseResponse)
    used = town.question("2480", case_handle=case)
    town.call("worker", "CheckPlacement", used)
    return {
        "CONFLICT": town.question("1280", case_handle=case),
        "REVIEW": town.question("0580", case_handle=case),
        "CLEAR": town.question("2480", case_handle=case),
        "UNKNOWN": town.question("2480", case_handle=new.case_handle),
        "BUDGET_SPENT": town.question("0138", case_handle=spent),
        "CASE_CLOSED": town.question("2480", case_handle=closed),
        "NOT_FOUND": town.question("2480", case_handle=fresh()),
        "THEIRS": town.question("2480", case_handle=town.theirs),
        "REQUEST_ID_REUSED": town.question(
            "2482", case_handle=case, request_id=used.request_id
        ),
        "STALE": town.question("2480", case_handle=case, min_revision=2**40),
    }


def outcome(town, request):
    """Return the verdict, or the reason of the refusal."""
    got = town.call("worker", "CheckPlacement", request)
    if not isinstance(got, bytes):
        return got.reason
    (one,) = check.CheckPlacementResponse.FromString(got).verdicts
    return wire.Verdict.Name(one.verdict).removeprefix("VERDICT_")


def again(request):
    """Return the same question, asked anew."""
    asked = check.CheckPlacementRequest()
    asked.CopyFrom(request)
    asked.request_id = fresh()
    return asked


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A town, its questions with their outcomes, and the level of its log."""
    with Town(tmp_path_factory.mktemp("asked")) as town:
        cover(town)
        found = questions(town)
        yield (
            town,
            found,
            {name: outcome(town, request) for name, request in found.items()},
        )


def test_every_outcome_is_provoked(asked):
    """Or what follows would show nothing."""
    _, _, outcomes = asked
    expected = {name: name for name in outcomes} | {"THEIRS": "NOT_FOUND"}

    assert outcomes == expected


@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip])
def test_every_outcome_of_a_check_looks_alike(asked, compression):
    """Verdicts, budgets, what is not there and what is not the caller's."""
    town, found, _ = asked
    with Tap.of(town, "worker", compression=compression) as tap:
        tap.call("CheckPlacement", found["CLEAR"])
        shapes = {
            name: tap.call("CheckPlacement", request) for name, request in found.items()
        }
        one = tap.call("CheckPlacement", found["CLEAR"])

    assert {name for name, shape in shapes.items() if shape != one} == set()
    assert one.data == SIZES[PATHS["CheckPlacement"]] + MESSAGE_HEAD


def test_the_outcomes_that_nobody_wants_look_alike_too(asked):
    """A certificate that is good no more, and a defect in what decides."""
    town, found, _ = asked
    request = found["CLEAR"]
    gone = town.served.pki.client("caseworker", "1280", "no-9")
    with Tap.of(town, "worker") as tap, Tap(town.served, gone) as other:
        for each in (tap, other):
            for _ in range(2):
                each.call("CheckPlacement", b"")
        town.served.pki.revoke(gone)
        one = tap.call("CheckPlacement", again(request))
        with broken(table, "admit"):
            defect = tap.call("CheckPlacement", again(request))
            reason = town.call("worker", "CheckPlacement", again(request)).reason
        refused = other.call("CheckPlacement", again(request))
    outcomes = [each.outcome for each in town.asked(0)[-4:]]

    assert (defect, refused) == (one, one)
    assert reason == "INTERNAL"
    assert outcomes == ["ANSWERED", "INTERNAL", "INTERNAL", "CERTIFICATE_REFUSED"]


def test_no_outcome_of_a_check_is_told_by_the_servers_log(asked, caplog):
    """The same records, but for the time, whatever was answered."""
    town, found, _ = asked
    told = {}
    with caplog.at_level(logging.DEBUG):
        for name, request in found.items():
            caplog.clear()
            town.call("worker", "CheckPlacement", request)
            town.settled()
            told[name] = [
                (each.name, each.levelname, each.getMessage())
                for each in caplog.records
                if each.name.startswith("placement")
            ]

    assert {name: kept for name, kept in told.items() if kept != told["CLEAR"]} == {}


def test_who_knows_nothing_of_refusals_reads_no_verdict(asked):
    """Neither CLEAR nor any other: there is none in the answer."""
    town, found, _ = asked
    pair = town.served.pki.client(*PEOPLE["worker"])
    with town.served.bare(pair) as channel:
        ask = channel.unary_unary(
            PATHS["CheckPlacement"],
            check.CheckPlacementRequest.SerializeToString,
            check.CheckPlacementResponse.FromString,
        )
        answer = ask(found["NOT_FOUND"], timeout=TIMEOUT)

    assert answer.refusal.code == grpc.StatusCode.NOT_FOUND.value[0]
    assert list(answer.verdicts) == []
    assert check.CandidateVerdict().verdict == wire.VERDICT_UNSPECIFIED


# The time


@pytest.mark.slow
def test_every_outcome_leaves_on_the_grid(tmp_path):
    """Not before the first point, and at one, however busy the machine is."""
    with Town(tmp_path, pace=int(1000 * STEP)) as town:
        requests = {
            "verdict": town.question(),
            "not found": town.question(case_handle=fresh()),
            "malformed": b"\xff",
        }
        took = {}
        for name, request in requests.items():
            times = []
            for _ in range(3):
                began = time.monotonic()
                again_ = again(request) if name != "malformed" else request
                town.call("worker", "CheckPlacement", again_)
                times.append(time.monotonic() - began)
            took[name] = min(times)

    assert all(each >= STEP - 0.002 for each in took.values()), took
    assert all((each + 0.002) % STEP < STEP / 2 for each in took.values()), took
