"""``fact record --file``: many facts, all of them readable before one is sent."""

import json

import grpc
import pytest
from kit.asked import ALLIANCE, CASE, CHANGE, ids, written
from kit.numbers import number
from kit.wire import RefusalError, refusal

from placement.api.v1 import import_service_pb2 as imports
from placement.api.v1 import registry_service_pb2 as registry

CODE = grpc.StatusCode
MEMBER = {"case": CASE.hex(), "member": 1}


def test_a_file_is_recorded_in_batches(cli, wire, groups, recorded, tmp_path):
    """Five hundred in a call; progress on standard error, ids as JSON."""
    path = written(tmp_path, *[ALLIANCE] * 501)
    result = cli("fact", "record", "--file", path)
    sizes = [len(each.facts) for each in wire.requests("RecordFacts")]

    assert sizes == [500, 1]
    assert result.stdout.startswith("Recorded 501 facts.\n")
    assert result.stderr == ("Recorded 500 of 501 facts.\nRecorded 501 of 501 facts.\n")
    assert len(wire.requests("ListGroups")) == 1


def test_every_fact_of_a_file_is_told_its_id(cli, wire, groups, recorded, tmp_path):
    """Place, kind and id, in the order of the file: an id is what a fact is ended by."""
    same = {"same_as": {"person_a": MEMBER, "person_b": MEMBER}}
    result = cli("fact", "record", "--file", written(tmp_path, ALLIANCE, same))
    one = cli("fact", "record", "--file", written(tmp_path, ALLIANCE))
    first, second = ids(2)
    said, _headings, *rows = result.stdout.splitlines()

    assert said == "Recorded 2 facts."
    assert [row.split() for row in rows] == [
        ["facts[0]", "alliance", first.hex()],
        ["facts[1]", "same-as", second.hex()],
    ]
    assert one.stdout.startswith("Recorded 1 fact.\n")


def test_nothing_is_sent_unless_all_can_be_read(cli, wire, groups, tmp_path):
    """A mistake in the last fact is found before the first is sent."""
    path = written(tmp_path, *[ALLIANCE] * 600, {"alliance": {}, "colour": "red"})
    code, data = cli.json("fact", "record", "--file", path)

    assert (code, data["error"]["field"]) == (2, "facts[600]")
    assert wire.requests("RecordFacts") == []


def test_a_batch_that_fails_tells_what_stands(cli, wire, groups, tmp_path):
    """How many were recorded before, and how to go on without doing any twice."""
    first = registry.RecordFactsResponse(revision=5, fact_ids=ids(500))
    wire.answers["RecordFacts"] = [first, *[RefusalError(CODE.UNAVAILABLE)] * 3]
    path = written(tmp_path, *[ALLIANCE] * 501)
    code, data = cli.json("fact", "record", "--file", path)
    told, _doctor, repeat = data["error"]["notes"]
    seed = repeat.split()[-1]
    wire.answers["RecordFacts"] = [
        first,
        registry.RecordFactsResponse(revision=6, fact_ids=ids(1)),
    ]
    again = cli("fact", "record", "--file", path, "--request-id", seed)
    asked = [each.request_id for each in wire.requests("RecordFacts")]

    assert code == 1
    assert told == "recorded before this: 500 of 501 facts"
    assert again.exit_code == 0
    assert asked[:2] == asked[4:]


def test_what_contradicts_is_named(cli, wire, groups, tmp_path):
    """By its place, behind what was recorded before; whoever is no link is not asked."""
    wire.answers["RecordFacts"] = [
        registry.RecordFactsResponse(revision=5, fact_ids=ids(500)),
        refusal(CODE.FAILED_PRECONDITION, "CONTRADICTION"),
    ]
    refused = imports.RowRefusal.ROW_REFUSAL_CONTRADICTION
    wire.answers["TryRows"] = imports.TryRowsResponse(
        refused=[imports.RefusedRow(position=1, reason=refused)]
    )
    same = {"same_as": {"person_a": MEMBER, "person_b": MEMBER}}
    facts = [*[ALLIANCE] * 501, same, ALLIANCE]
    _, data = cli.json("fact", "record", "--file", written(tmp_path, *facts))
    notes = data["error"]["notes"]

    assert "facts[502] contradicts" in notes
    assert "recorded before this: 500 of 503 facts" in notes
    assert len(wire.requests("TryRows")[0].rows) == 2


def test_what_contradicts_may_be_unknown(cli, wire, groups, tmp_path):
    """Who may not ask, or gets no answer, is told the refusal all the same."""
    wire.answers["RecordFacts"] = refusal(CODE.FAILED_PRECONDITION, "CONTRADICTION")
    wire.answers["TryRows"] = refusal(CODE.PERMISSION_DENIED, "ACCESS_DENIED")
    path = written(tmp_path, ALLIANCE, ALLIANCE)
    code, data = cli.json("fact", "record", "--file", path)

    assert (code, data["error"]["reason"]) == (1, "CONTRADICTION")
    assert not any("contradicts" in note for note in data["error"]["notes"])


def test_every_change_of_a_file_is_told(cli, wire, groups, tmp_path):
    """Each batch may have one that waits."""
    wire.answers["RecordFacts"] = [
        registry.RecordFactsResponse(revision=5, fact_ids=ids(500), change_id=CHANGE),
        registry.RecordFactsResponse(revision=6, fact_ids=ids(1)),
    ]
    code, data = cli.json(
        "fact", "record", "--file", written(tmp_path, *[ALLIANCE] * 501)
    )

    assert (code, data["revision"], data["change_ids"]) == (0, 6, [CHANGE.hex()])
    assert len(data["fact_ids"]) == 501


TIE = {"tie": {"person": {"identifier": number()}, "area": "0180"}}


def test_identifiers_come_through_standard_input(cli, wire, recorded):
    """No file has to hold the numbers; equal ones are asked for once."""
    text = json.dumps({"facts": [TIE]})
    result = cli("fact", "record", "--file", "-", stdin=text)

    assert result.exit_code == 0
    assert (recorded().tie.person.pseudonym,) == wire.pseudonyms(number())
    assert number() not in result.output


def test_equal_identifiers_are_evaluated_once(cli, wire, recorded):
    """Each evaluation is budgeted."""
    other = {"tie": {"person": {"identifier": number(serial=2)}, "area": "0180"}}
    text = json.dumps({"facts": [TIE, other, TIE]})
    cli("fact", "record", "--file", "-", stdin=text)
    (evaluated,) = wire.requests("Evaluate")
    facts = wire.requests("RecordFacts")[0].facts

    assert len(evaluated.blinded_elements) == 2
    assert facts[0] == facts[2] != facts[1]


def test_identifiers_in_a_file_are_refused(cli, wire, tmp_path):
    """A file with numbers in it is not encouraged."""
    result = cli("fact", "record", "--file", written(tmp_path, ALLIANCE, TIE))

    assert result.exit_code == 2
    assert (
        "facts[1] (--file) may hold identifiers on standard input only" in result.stderr
    )
    assert number() not in result.output
    assert wire.seen == []


@pytest.mark.parametrize("content", [b"\xff", b"", b"{}", None])
def test_a_file_that_cannot_be_read_is_refused(cli, tmp_path, content):
    """Missing, empty, no UTF-8, no facts."""
    path = tmp_path / "facts.json"
    if content is not None:
        path.write_bytes(content)
    code, data = cli.json("fact", "record", "--file", path)

    assert (code, data["error"]["field"]) == (2, "file")
