"""``fact``: ended, retracted and regraded."""

from kit.asked import CHANGE, day, ids

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as types

FACTS = [each.hex() for each in ids(2, start=1)]


def test_facts_are_ended(cli, wire):
    """At once, or after a second coordinator."""
    wire.answers["EndFacts"] = [
        registry.EndFactsResponse(revision=6),
        registry.EndFactsResponse(revision=7, change_id=CHANGE),
    ]
    words = ("fact", "end", *FACTS, "--on", "2026-03-01")
    done, waits = cli(*words), cli(*words)
    request = wire.requests("EndFacts")[0]

    assert done.stdout == "Ended.\n"
    assert "until then nothing is changed" in waits.stdout
    assert list(request.endings) == [
        registry.Ending(fact_id=each, valid_to_day=day("2026-03-01"))
        for each in ids(2, start=1)
    ]


def test_facts_are_retracted(cli, wire):
    """A second coordinator must approve."""
    wire.answers["RetractFacts"] = registry.RetractFactsResponse(
        revision=6, change_id=CHANGE
    )
    got = cli.json("fact", "retract", *FACTS)

    assert got == (0, {"revision": 6, "change_id": CHANGE.hex()})
    assert list(wire.requests("RetractFacts")[0].fact_ids) == ids(2, start=1)


def test_facts_are_regraded(cli, wire):
    """All of them to one grade."""
    wire.answers["RegradeFacts"] = registry.RegradeFactsResponse(
        revision=6, change_id=CHANGE
    )
    cli("fact", "regrade", *FACTS, "--grade", "A1", "--scheme", "4x4")
    grade = types.SourceGrade(scheme=types.GRADE_SCHEME_FOUR_FOUR, given="A1")

    assert list(wire.requests("RegradeFacts")[0].regradings) == [
        registry.Regrading(fact_id=each, grade=grade) for each in ids(2, start=1)
    ]


def test_an_id_that_is_none_is_named_by_its_place(cli):
    """Handles are typed by hand."""
    code, data = cli.json("fact", "retract", FACTS[0], "00")

    assert (code, data["error"]["field"]) == (2, "fact_ids[1]")
