"""A custodian who stands apart: what it does, what it does not, what it refuses."""

import asyncio
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from kit.custodians import Keeping
from kit.town import GROUND, PATHS, TIMEOUT, Town, fresh
from placement_client import refusals

from placement.access import Action
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import log_service_pb2 as log
from placement.api.v1.pseudonym_service_pb2 import EvaluateRequest, EvaluateResponse
from placement.app import App, micros, read_areas, read_ruleset
from placement.app_custodian import CustodianApp, ruleset_of
from placement.config import CustodianSettings, Settings
from placement.crypto import voprf
from placement.crypto.custody import FileCustody
from placement.domain.ruleset import parse_ruleset
from placement.domain.terms import MICROS_AN_HOUR
from placement.errors import UnavailableError
from placement.rpc.even import SIZE
from placement.rpc.host import CUSTODIANS
from placement.service import fold
from placement.store import fsck
from placement.store.compaction import compact, retire
from placement.store.log import Store

KEY = voprf.generate_key()
BUDGETS = {"caseworker": (4, 6)}
MINE = frozenset(
    name for name, path in PATHS.items() if path.split("/")[1] in CUSTODIANS
)


class People(Town):
    """The town's people, at a custodian: with nothing on record."""

    def __init__(self, folder, key=KEY, **given):
        self._lifetime = Keeping.channel.__kwdefaults__["lifetime"]
        self._channels = {}
        self.served = Keeping(folder / "police", key, **given)

    def __enter__(self):
        self.served.start()
        return self


def question(count=1):
    blinded = voprf.blind([b"somebody"] * count)
    return [each.element for each in blinded], EvaluateRequest(
        request_id=fresh(),
        blinded_elements=[each.element.encode() for each in blinded],
    )


@pytest.fixture
def people(tmp_path):
    with People(tmp_path, budgets=BUDGETS) as people:
        yield people


def test_an_evaluation_is_proven_under_its_own_key(people):
    """And its entry is durable before the answer leaves."""
    blinded, asked = question(2)
    got = people.done("worker", "Evaluate", asked, EvaluateResponse)
    (entry,) = people.entries(0)
    evaluated = [voprf.EvaluatedElement.decode(e) for e in got.evaluated_elements]
    voprf.verify(KEY.public, blinded, evaluated, voprf.Proof.decode(got.proof))

    assert got.key_id == people.served.custodian.key_id
    assert (entry.action, entry.organisation) == (Action.EVALUATE.name, "1280")


def test_nothing_is_evaluated_that_is_not_in_the_log(people, monkeypatch):
    """When the entry can't be written, the key is not even touched."""
    touched = []
    evaluate = type(people.served.custodian).evaluate
    monkeypatch.setattr(
        type(people.served.custodian),
        "evaluate",
        lambda self, blinded: touched.append(1) or evaluate(self, blinded),
    )
    engine = people.served.app.engine
    monkeypatch.setattr(engine, "_commit", _fail)
    got = people.call("worker", "Evaluate", question()[1])

    assert got.reason == "UNAVAILABLE"
    assert touched == []
    assert people.entries(0) == []


def _fail(asked):
    raise UnavailableError


def test_the_budget_is_its_own_and_spent_first(people):
    """By a person in an hour, and by everybody in an organisation in a day."""
    first = people.call("worker", "Evaluate", question(4)[1])
    second = people.call("worker", "Evaluate", question()[1])
    colleague = people.served.channel("caseworker", "1280", "cw-77")
    ask = colleague.unary_unary(PATHS["Evaluate"])
    third = ask(question(2)[1].SerializeToString(), timeout=TIMEOUT)
    refused = refusals.Envelope.FromString(
        people.served.bare(
            people.served.pki.client("caseworker", "1280", "cw-78")
        ).unary_unary(PATHS["Evaluate"])(
            question()[1].SerializeToString(), timeout=TIMEOUT
        )
    )
    colleague.close()

    assert isinstance(first, bytes)
    assert second.reason == "BUDGET_SPENT"
    assert len(EvaluateResponse.FromString(third).evaluated_elements) == 2
    assert refused.HasField("refusal")
    assert [each.outcome for each in people.entries(0)] == [
        "ANSWERED",
        "BUDGET_SPENT",
        "ANSWERED",
        "BUDGET_SPENT",
    ]


def test_answers_and_refusals_are_of_one_length(people):
    """An evaluation, a spent budget, what is no element, a role that may not."""
    answers = [
        people.sent("worker", "Evaluate", question(4)[1]),
        people.sent("worker", "Evaluate", question()[1]),
        people.sent("neighbour", "Evaluate", EvaluateRequest(request_id=b"")),
        people.sent("auditor", "Evaluate", question()[1]),
    ]

    assert answers == [[SIZE]] * 4


@pytest.mark.parametrize("name", sorted(set(PATHS) - MINE))
def test_a_registry_method_does_not_exist(shared, name):
    """Whoever calls it; the attempt is in the log."""
    before = len(shared.entries(0))
    got = shared.call("coordinator", name, b"")

    assert got.reason == "ACCESS_DENIED"
    assert [each.action for each in shared.entries(before)] == ["NO_METHOD"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with People(tmp_path_factory.mktemp("shared")) as people:
        yield people


def test_its_log_is_witnessed_as_any(shared):
    """A checkpoint under its own origin holds what it evaluated."""
    shared.done("worker", "Evaluate", question()[1], EvaluateResponse)
    got = shared.done(
        "witness",
        "GetCheckpoint",
        log.GetCheckpointRequest(),
        log.GetCheckpointResponse,
    )
    origin, size, *_ = got.note.decode().split("\n")

    assert origin == "police.test/log"
    assert int(size) >= 1


class Clock:
    """What time it is, as the test says."""

    def __init__(self):
        self.past = 0

    def __call__(self):
        return micros() + self.past


def test_no_case_is_missed_where_there_are_none(tmp_path):
    """Auditors would be told of every caseworker; what else is found is told."""
    clock = Clock()
    with People(tmp_path, budgets={"caseworker": (12, 99)}, clock=clock) as people:
        people._lifetime = timedelta(days=3)
        for _ in range(7):
            people.done("worker", "Evaluate", question()[1], EvaluateResponse)
        clock.past = 25 * MICROS_AN_HOUR
        people.done("worker", "Evaluate", question()[1], EvaluateResponse)
        request = audit.ReportAnomaliesRequest(since=0, until=2**61, ground=GROUND)
        pieces = people.stream(
            "auditor", "ReportAnomalies", request, audit.ReportAnomaliesResponse
        )
    found = {each.anomaly.pattern for each in pieces if each.HasField("anomaly")}

    assert found - {"NIGHT_WORK"} == {"EVALUATIONS_HALF_SPENT"}


def test_nothing_of_a_person_is_in_its_state(shared):
    """It counts evaluations: no fact, no case, no subject."""
    shared.done("worker", "Evaluate", question()[1], EvaluateResponse)
    state, _ = fold.load(shared.store)
    kinds = {type(record.event).__name__ for record in state.records()}

    assert kinds == {"CustodianNamed", "Evaluated", "AgendaKept"}


def test_a_log_that_is_compacted_gives_no_budget_back(people):
    """Served meanwhile, and started on what is left; what is not spent can be."""
    settings = people.served.settings
    people.done("worker", "Evaluate", question(4)[1], EvaluateResponse)
    custody = FileCustody(settings.store_key)
    with closing(Store.open(settings.database, custody, settings.keys)) as operators:
        compact(operators, lambda *_: None)
        between = people.call("worker", "Evaluate", question()[1])
        gone = retire(operators, lambda _: None)
        after = people.call("worker", "Evaluate", question()[1])
        people.served.stop()
        people.served.start()
        with people.through(people.served.port):
            again = people.call("worker", "Evaluate", question()[1])
            people.done("second", "Evaluate", question(2)[1], EvaluateResponse)
        people.served.stop()
        head = fsck.verify(operators, deeper=True)
    people.served.start()

    assert gone == 2
    assert [each.reason for each in (between, after, again)] == ["BUDGET_SPENT"] * 3
    assert head.leaves == 5


def test_health_names_what_it_serves(shared):
    """And nothing of a registry."""
    stub = health_pb2_grpc.HealthStub(shared.channel("operator"))
    found = {
        name: stub.Check(
            health_pb2.HealthCheckRequest(service=name), timeout=TIMEOUT
        ).status
        for name in ("", *CUSTODIANS)
    }

    assert set(found.values()) == {health_pb2.HealthCheckResponse.SERVING}


def serve(app):
    """Start something that refuses to; return what it raised."""

    async def run():
        await app.serve(asyncio.Event(), lambda port: None)

    with pytest.raises(UnavailableError) as caught:
        asyncio.run(run())
    return caught.value.notes


def test_another_share_is_refused(tmp_path):
    """The log of one key is never gone on with under another."""
    first = Keeping(tmp_path / "a", voprf.generate_key())
    second = Keeping(tmp_path / "b", voprf.generate_key(), pki=first.pki)
    mixed = replace(first.settings, custodian_key=second.settings.custodian_key)

    assert serve(CustodianApp(CustodianSettings(mixed, {}))) == [
        "The custodian's key is not the one of this store."
    ]


def test_a_registry_is_not_opened(tmp_path):
    """Nor does a registry go on with a custodian's log, though the key is its own."""
    town = Town(tmp_path)
    apart = CustodianApp(CustodianSettings(town.served.settings, {}))
    keeping = Keeping(tmp_path / "police", voprf.generate_key(), pki=town.served.pki)
    expected = ["The custodian's key is not the one of this store."]

    assert serve(apart) == expected
    assert serve(App(keeping.settings)) == expected


def test_entries_vouch_for_the_limits_that_were_applied(people):
    """Whoever raises them alone is seen in the log, by version and by hash."""
    people.call("worker", "Evaluate", question()[1])
    (entry,) = people.entries(0)
    made = parse_ruleset(ruleset_of(settings_with(BUDGETS)).content, read_areas())
    hashes = {
        ruleset_of(settings_with(budgets)).digest
        for budgets in ({}, BUDGETS, {"caseworker": (5, 6)}, {"coordinator": (4, 6)})
    }

    assert made.budgets.evaluations["caseworker"] == (4, 6)
    assert entry.rules == made.digest
    assert entry.ruleset == f"{read_ruleset(None).version}+budgets"
    assert len(hashes) == 4


@pytest.mark.parametrize("budgets", [{}, {"caseworker": (20, 200)}])
def test_the_packages_ruleset_is_named_where_nothing_differs(budgets):
    """Whether the settings say nothing, or the same."""
    assert ruleset_of(settings_with(budgets)) == read_ruleset(None)


def settings_with(budgets):
    return CustodianSettings(Settings(), budgets)


def test_the_packages_budget_stands_where_none_is_given(tmp_path):
    """A role that is not in the settings is not without a budget."""
    keeping = Keeping(tmp_path / "a", KEY, budgets={"coordinator": (1, 2)})
    app = keeping.build()
    app._store.close()

    assert app.engine.ruleset.budgets.evaluations == {
        "caseworker": (20, 200),
        "coordinator": (1, 2),
    }
