"""``fact``: list, show, amend, renew, contest, propose."""

import grpc
import pytest
from kit.asked import CASE, CHANGE, NOON, NORTH, day, ids
from kit.on_record import FACT, GRADE, PRESENCE, TIE, recorded
from kit.wire import refusal

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import review_service_pb2 as review
from placement.api.v1 import types_pb2 as types

CODE = grpc.StatusCode


@pytest.fixture
def shown(wire, groups):
    """Let a fact be shown."""

    def let(fact=None, **given):
        given = given if fact is None else {"fact": fact, **given}
        wire.answers["ShowFact"] = review.ShowFactResponse(fact=recorded(**given))

    let()
    return let


# list, show


def test_what_amends_a_fact_names_it(cli, wire, groups):
    """In its life, and in the list, where whoever looks at the old one finds it."""
    old = bytes(range(16))
    wire.answers["ShowFact"] = review.ShowFactResponse(fact=recorded(replaces=old))
    wire.answers["ListFacts"] = review.ListFactsResponse(facts=[recorded(replaces=old)])
    shown = cli("fact", "show", FACT.hex()).stdout
    listed = cli("fact", "list").stdout

    assert f"Recorded instead of fact {old.hex()}, which it amends." in shown
    assert f"STANDING, instead of {old.hex()}" in listed


def test_facts_are_listed(cli, wire, groups):
    """With names of groups, and of persons a case's member alone."""
    wire.answers["ListFacts"] = review.ListFactsResponse(
        facts=[
            recorded(contested=review.CONTEST_REASON_SOURCE),
            recorded(fact=TIE, state=review.FACT_STATE_PAST_REVIEW),
        ]
    )
    words = ("--kind", "rivalry", "--group", "North Side", "--area", "Göteborg")
    result = cli("fact", "list", *words, "--state", "standing", "--region", "vast")
    code, data = cli.json("fact", "list")
    request = wire.requests("ListFacts")[0]

    assert "group a North Side" in result.stdout
    assert "STANDING, contested: SOURCE" in result.stdout
    assert f"person {CASE.hex()}:1" in result.stdout
    assert request == review.ListFactsRequest(
        kind=review.FACT_KIND_RIVALRY,
        group=NORTH,
        area="1480",
        state=review.FACT_STATE_STANDING,
        region="vast",
    )
    assert code == 0
    assert data["facts"][1]["statement"]["person"] == f"{CASE.hex()}:1"
    assert data["facts"][0] == {
        "fact_id": FACT.hex(),
        "kind": "rivalry",
        "statement": {
            "group_a": "North Side",
            "group_b": bytes(16).hex(),
            "severity": 2,
        },
        "since": "2026-01-01",
        "until": None,
        "review_by": "2026-06-30",
        "grade": "2B",
        "scheme": "THREE_FIVE_TWO",
        "state": "STANDING",
        "changed_revision": 7,
        "author": "co-01",
        "region": "vast",
        "recorded_at": "2026-06-15T10:00:00.000000Z",
        "reason": "COURT",
        "contested": "SOURCE",
        "replaces": "",
    }


def test_a_life_is_shown(cli, wire, groups):
    """Both times of each step, who, and who else."""
    steps = [
        review.FactStep(
            kind=review.FACT_STEP_KIND_RECORDED,
            at=NOON,
            revision=3,
            person="co-01",
            reason=types.FACT_REASON_COURT,
        ),
        review.FactStep(
            kind=review.FACT_STEP_KIND_RENEWED,
            at=NOON,
            revision=7,
            person="co-01",
            second_person="co-02",
            review_by_day=day("2026-06-30"),
            reason=types.FACT_REASON_INCIDENT,
        ),
        review.FactStep(
            kind=review.FACT_STEP_KIND_ENDED, ended_on_day=day("2026-05-01")
        ),
        review.FactStep(kind=review.FACT_STEP_KIND_REGRADED, grade=GRADE),
        review.FactStep(
            kind=review.FACT_STEP_KIND_CONTESTED,
            contested=review.CONTEST_REASON_OUTDATED,
        ),
    ]
    wire.answers["ShowFact"] = review.ShowFactResponse(
        fact=recorded(contested=review.CONTEST_REASON_OUTDATED), steps=steps
    )
    result = cli("fact", "show", FACT.hex())
    code, data = cli.json("fact", "show", FACT.hex())

    assert "Last changed in revision 7." in result.stdout
    assert "review by 2026-06-30 (STANDING; contested as OUTDATED)." in result.stdout
    assert "review by 2026-06-30, as INCIDENT" in result.stdout
    assert "on 2026-05-01" in result.stdout
    assert "grade 2B" in result.stdout
    assert "co-02" in result.stdout
    assert code == 0
    assert [each["step"] for each in data["steps"]] == [
        "RECORDED",
        "RENEWED",
        "ENDED",
        "REGRADED",
        "CONTESTED",
    ]
    assert data["steps"][1] == {
        "step": "RENEWED",
        "at": "2026-06-15T10:00:00.000000Z",
        "revision": 7,
        "person": "co-01",
        "second_person": "co-02",
        "ended_on": None,
        "review_by": "2026-06-30",
        "grade": "",
        "scheme": None,
        "reason": "INCIDENT",
        "contested": None,
    }


def test_two_doubts_are_both_said(cli, wire, groups):
    """Each with its ground and whose it is."""
    steps = [
        review.FactStep(
            kind=review.FACT_STEP_KIND_CONTESTED, person=person, contested=ground
        )
        for person, ground in (
            ("co-01", review.CONTEST_REASON_SOURCE),
            ("co-02", review.CONTEST_REASON_OUTDATED),
        )
    ]
    wire.answers["ShowFact"] = review.ShowFactResponse(
        fact=recorded(contested=review.CONTEST_REASON_SOURCE), steps=steps
    )
    result = cli("fact", "show", FACT.hex())

    assert "Contested as SOURCE by co-01; as OUTDATED by co-02." in result.stdout


# amend


def amended(wire, change=b""):
    wire.answers["AmendFacts"] = registry.AmendFactsResponse(
        revision=9, fact_ids=ids(1, start=9), change_id=change
    )


def test_a_fact_is_amended(cli, wire, shown):
    """What is not named stays; it is the fact that was shown, or none."""
    amended(wire)
    words = (
        "--severity",
        "3",
        "--on",
        "2026-06-01",
        "--grade",
        "A1",
        "--scheme",
        "4x4",
    )
    more = ("--review-by", "2026-12-31", "--reason", "incident")
    result = cli("fact", "amend", FACT.hex(), *words, *more)
    (item,) = wire.requests("AmendFacts")[0].amendments
    expected = types.Fact()
    expected.CopyFrom(recorded().fact)
    expected.valid_from_day = day("2026-06-01")
    expected.review_by_day = day("2026-12-31")
    expected.rivalry.severity = 3
    expected.reason = types.FACT_REASON_INCIDENT
    expected.grade.CopyFrom(types.SourceGrade(scheme=3, given="A1"))

    assert result.stdout == f"Recorded fact {ids(1, start=9)[0].hex()} instead.\n"
    assert item == registry.FactAmendment(
        fact_id=FACT,
        valid_to_day=day("2026-06-01"),
        fact=expected,
        seen_revision=7,
    )


STATED = [
    (
        types.Fact(affiliation=types.Affiliation(group=NORTH, role=1)),
        ("--role", "core", "--left-on", "2026-05-01"),
        {"role": types.AFFILIATION_ROLE_CORE, "left_on_day": day("2026-05-01")},
    ),
    (
        types.Fact(rivalry=types.Rivalry(group_a=NORTH, severity=2)),
        ("--last-violence-on", "2026-05-30"),
        {"last_violence_on_day": day("2026-05-30")},
    ),
    (
        types.Fact(faction=types.Faction(child=NORTH)),
        ("--own-rivalries-only",),
        {"own_rivalries_only": True},
    ),
    (
        types.Fact(faction=types.Faction(child=NORTH, own_rivalries_only=True)),
        ("--no-own-rivalries-only",),
        {"own_rivalries_only": False},
    ),
    (
        types.Fact(tie=types.Tie(area="1480")),
        ("--danger", "--area", "Malmö"),
        {"danger": True, "area": "1280"},
    ),
]


@pytest.mark.parametrize("case", STATED)
def test_what_each_kind_says_is_amended(cli, wire, shown, case):
    """By an option of its own; an option of another kind is refused."""
    fact, words, said = case
    shown(fact=fact)
    amended(wire)
    done = cli("fact", "amend", FACT.hex(), *words)
    (item,) = wire.requests("AmendFacts")[0].amendments
    statement = getattr(item.fact, item.fact.WhichOneof("statement"))
    shown(fact=PRESENCE)

    assert done.exit_code == 0
    assert {name: getattr(statement, name) for name in said} == said
    assert cli("fact", "amend", FACT.hex(), words[0], *words[1:2]).exit_code == 2
    assert len(wire.requests("AmendFacts")) == 1


def test_an_amendment_that_waits(cli, wire, shown):
    """A presence in another area, and firmer; who must approve is said."""
    shown(fact=PRESENCE)
    amended(wire, change=CHANGE)
    words = ("--presence", "base", "--area", "Malmö")
    result = cli("fact", "amend", FACT.hex(), *words)
    code, data = cli.json("fact", "amend", FACT.hex(), *words)
    (item,) = wire.requests("AmendFacts")[0].amendments

    assert "until then the old fact counts, and the new one softly" in result.stdout
    assert (item.fact.presence.area, item.fact.presence.kind) == ("1280", 1)
    assert (code, data["change_id"]) == (0, CHANGE.hex())


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("--presence", "base"), "presence"),
        (("--area", "1480"), "area"),
        (("--severity", "2", "--on", "noon"), "on"),
    ],
)
def test_what_a_kind_does_not_say(cli, wire, shown, words, field):
    """A rivalry has no area; nothing is sent."""
    code, data = cli.json("fact", "amend", FACT.hex(), *words)

    assert (code, data["error"]["field"]) == (2, field)
    assert wire.requests("AmendFacts") == []


# renew, contest, propose


def test_facts_are_renewed(cli, wire):
    """At once, or once a second coordinator approves."""
    wire.answers["RenewFacts"] = [
        registry.RenewFactsResponse(revision=8),
        registry.RenewFactsResponse(revision=9, change_id=CHANGE),
    ]
    words = ("fact", "renew", FACT.hex(), "--until", "2026-12-01", "--reason", "court")
    done, waits = cli(*words, "--seen", "7"), cli(*words)
    first, second = wire.requests("RenewFacts")
    renewal = registry.Renewal(
        fact_id=FACT,
        review_by_day=day("2026-12-01"),
        reason=types.FACT_REASON_COURT,
        seen_revision=7,
    )

    assert done.stdout == "Renewed.\n"
    assert "until then nothing is changed" in waits.stdout
    assert list(first.renewals) == [renewal]
    assert second.renewals[0].seen_revision == 0


def test_facts_are_contested(cli, wire):
    """Or no more; one of both has to be said."""
    wire.answers["ContestFacts"] = registry.ContestFactsResponse(revision=8)
    doubted = cli("fact", "contest", FACT.hex(), "--reason", "mistaken-person")
    undone = cli("fact", "contest", FACT.hex(), "--withdraw")
    neither = cli.json("fact", "contest", FACT.hex())
    both = cli.json("fact", "contest", FACT.hex(), "--withdraw", "--reason", "source")
    first, second = wire.requests("ContestFacts")

    assert doubted.stdout == "Contested; it counts as before.\n"
    assert undone.stdout == "Withdrawn.\n"
    assert [code for code, _ in (neither, both)] == [2, 2]
    assert first.contests[0].reason == review.CONTEST_REASON_MISTAKEN_PERSON
    assert second.contests[0] == registry.FactContest(fact_id=FACT, withdraw=True)


def test_facts_are_proposed_again(cli, wire):
    """They wait for another coordinator."""
    wire.answers["ProposeFacts"] = registry.ProposeFactsResponse(
        revision=8, change_id=CHANGE
    )
    result = cli("fact", "propose", FACT.hex(), "--seen", "4")
    (request,) = wire.requests("ProposeFacts")

    assert f"Change {CHANGE.hex()} waits" in result.stdout
    assert (list(request.fact_ids), list(request.seen_revisions)) == ([FACT], [4])


def test_seen_is_said_of_each_fact(cli, wire):
    """Not of some."""
    words = (FACT.hex(), CASE.hex(), "--seen", "4")
    code, data = cli.json("fact", "retract", *words)

    assert (code, data["error"]["field"]) == (2, "seen")
    assert wire.seen == []


@pytest.mark.parametrize(
    "refused",
    [
        ((CODE.ABORTED, "STALE"), "placement fact show FACT"),
        ((CODE.FAILED_PRECONDITION, "CONTRADICTION"), "counts no more"),
        ((CODE.PERMISSION_DENIED, "ACCESS_DENIED"), "withdraws the doubt"),
    ],
)
@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("ContestFacts", ("contest", "--reason", "source")),
        ("EndFacts", ("end", "--on", "today")),
        ("RetractFacts", ("retract",)),
        ("RegradeFacts", ("regrade", "--grade", "2B")),
    ],
)
def test_a_refusal_says_what_helps(cli, wire, method, words, refused):
    """Beside its constant text."""
    reason, hint = refused
    wire.answers[method] = refusal(*reason)
    verb, *options = words
    result = cli("fact", verb, FACT.hex(), *options)

    assert result.exit_code == 1
    assert hint in result.stderr
