"""``assess``: a case with what is known of its members, or as unknown."""

from kit.asked import ALLIANCE, CASE, CHANGE, ids, written

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as types


def assessed(wire, facts=0, change=b""):
    wire.answers["AssessCase"] = registry.AssessCaseResponse(
        revision=8, fact_ids=ids(facts), change_id=change
    )


def test_a_case_is_assessed_as_unknown(cli, wire):
    """Nothing known, one child."""
    assessed(wire)
    got = cli.json(
        *("assess", CASE.hex(), "--none-known", "--child", "1", "--child", "3")
    )
    (request,) = wire.requests("AssessCase")

    assert got == (0, {"revision": 8, "fact_ids": [], "change_id": ""})
    assert (request.case_handle, request.none_known) == (CASE, True)
    assert list(request.children) == [1, 3]


def test_a_case_is_assessed_with_facts(cli, wire, groups, tmp_path):
    """A person who names no case is a member of this one."""
    assessed(wire, facts=1, change=CHANGE)
    path = written(tmp_path, {"tie": {"person": {"member": 1}, "area": "0180"}})
    result = cli("assess", CASE.hex(), "--fact-file", path)
    (request,) = wire.requests("AssessCase")
    (fact,) = request.facts

    assert fact.tie.person.case_member == types.CaseMember(case_handle=CASE, position=1)
    assert not request.none_known
    said, _headings, row, waits = result.stdout.splitlines()

    assert said == "Assessed; facts recorded: 1."
    assert row.split() == ["facts[0]", "tie", ids(1)[0].hex()]
    assert waits.startswith(f"Change {CHANGE.hex()} waits")


def test_an_assessment_says_something(cli, wire, tmp_path):
    """Neither nothing at all, nor more than fits."""
    path = written(tmp_path, *[ALLIANCE] * 101)
    fields = [
        cli.json("assess", CASE.hex(), *words)[1]["error"]["field"]
        for words in ((), ("--fact-file", path))
    ]

    assert fields == ["assess", "facts"]
    assert wire.seen == []
