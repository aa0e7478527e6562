"""``audit checkpoints``, ``prove``, ``consistency``: hashes held against pinned keys."""

import grpc
import pytest
from kit.access_log import ORIGIN, AccessLog
from kit.wire import refusal

from placement.api.v1 import log_service_pb2 as wire_log
from placement.audit.merkle import leaf_hash
from placement.audit.note import Signer, render_key
from placement.crypto.signing import SigningKey

SIZE = 9


@pytest.fixture
def log():
    return AccessLog(SIZE)


@pytest.fixture
def served(wire, log):
    """Publish checkpoints of some sizes, the last one cosigned; and every proof."""

    def listed(request):
        sizes = [size for size in (2, 3, 6, SIZE) if size >= request.least_size]
        return wire_log.ListCheckpointsResponse(
            notes=[
                log.note(size, cosigned=size == SIZE) for size in sizes[: request.count]
            ]
        )

    wire.answers |= {
        "GetCheckpoint": wire_log.GetCheckpointResponse(note=log.note(SIZE)),
        "ListCheckpoints": listed,
        "ProveInclusion": log.prove_inclusion,
        "ProveConsistency": log.prove_consistency,
    }


@pytest.fixture
def pinned(cli, pair, log, served):
    """Pin the log and its witness."""
    cli.become(pair, log_key=log.log_key, witnesses=log.witness_key)


def sizes(data):
    return [each["size"] for each in data["checkpoints"]]


@pytest.mark.parametrize(
    ("words", "got"),
    [
        ((), [2, 3, 6, 9]),
        (("--from-size", "3"), [3, 6, 9]),
        (("--from-size", "4", "--count", "1"), [6]),
        (("--from-size", "10"), []),
    ],
)
def test_checkpoints_are_listed_by_size(cli, pinned, words, got):
    """As many as asked for, from a size on."""
    code, data = cli.json("audit", "checkpoints", *words)

    assert (code, sizes(data)) == (0, got)


def test_more_than_one_call_holds_is_asked_for_call_by_call(cli, wire, pinned):
    """A hundred at a time, each behind the one before."""
    big = AccessLog(102)
    wire.answers["ListCheckpoints"] = lambda request: wire_log.ListCheckpointsResponse(
        notes=[
            big.note(size)
            for size in range(max(1, request.least_size), 103)[: request.count]
        ]
    )
    code, data = cli.json("audit", "checkpoints", "--from-size", 0, "--count", 101)
    asked = [(each.least_size, each.count) for each in wire.requests("ListCheckpoints")]

    assert (code, sizes(data)) == (0, list(range(1, 102)))
    assert asked == [(0, 100), (101, 2)]
    assert data["cut"] is True


@pytest.mark.parametrize(
    ("count", "got", "asked"),
    [
        (1, [9], [9]),
        (2, [6, 9], [8, 4]),
        (3, [3, 6, 9], [7, 1]),
        (4, [2, 3, 6, 9], [6, 0]),
        (90, [2, 3, 6, 9], [0]),
    ],
)
def test_the_newest_are_shown_unless_told_otherwise(  # noqa: PLR0917 (fixtures)
    cli, wire, pinned, count, got, asked
):
    """It looks back further and further until there are enough."""
    code, data = cli.json("audit", "checkpoints", "--count", count)
    requests = wire.requests("ListCheckpoints")

    assert (code, sizes(data), data["cut"]) == (0, got, False)
    assert [each.least_size for each in requests] == asked


def test_a_log_that_grows_meanwhile_is_shown_as_it_was(cli, wire, log, pinned):
    """What is newer than the newest was not asked for."""
    older = wire_log.GetCheckpointResponse(note=log.note(6))
    wire.answers["GetCheckpoint"] = older
    _, data = cli.json("audit", "checkpoints")

    assert sizes(data) == [2, 3, 6]


def test_a_log_without_entries_has_no_checkpoint(cli, wire, pinned):
    """Which is no error."""
    wire.answers["GetCheckpoint"] = refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    result = cli("audit", "checkpoints")

    assert (result.exit_code, result.stderr) == (0, "There is no such checkpoint.\n")


def test_that_more_follow_is_told(cli, pinned):
    """And where to go on."""
    part = cli("audit", "checkpoints", "--from-size", "3", "--count", "1")
    rest = cli("audit", "checkpoints", "--from-size", "3", "--count", "3")

    assert part.stderr == "More follow: begin with --from-size 4, or raise --count.\n"
    assert rest.stderr == ""


def test_who_signed_and_cosigned_is_shown(cli, log, pinned):
    """In a table, and for programs."""
    result = cli("audit", "checkpoints", "--from-size", "6")
    _, data = cli.json("audit", "checkpoints", "--from-size", "6")
    rows = [line.split() for line in result.stdout.splitlines()]

    assert rows[0] == ["Size", "Root", "Signed", "Witnesses"]
    assert [(row[0], *row[2:]) for row in rows[1:]] == [
        ("6", "yes", "-"),
        ("9", "yes", "witness.test/a"),
    ]
    assert [each["witnesses"] for each in data["checkpoints"]] == [
        [],
        ["witness.test/a"],
    ]


def test_without_a_pinned_key_nothing_is_said_to_be_signed(cli, served):
    """One warning, whatever is listed."""
    result = cli("audit", "checkpoints")

    assert result.exit_code == 0
    assert result.stderr.count("pins no log key") == 1
    assert result.stdout.count("not verified") == 4


def test_a_leaf_is_proven(cli, log, pinned):
    """Its hash, and the checkpoint that the proof leads to."""
    result = cli("audit", "prove", "4", "6")
    code, data = cli.json("audit", "prove", "4", "6")
    leaf = leaf_hash(log.entries[4].entry).hex()

    assert result.stdout == (
        f"Leaf 4 has the hash {leaf}.\n"
        "It stands in the log: its proof leads to the checkpoint of "
        "placement.test/log at size 6, signed by its pinned key.\n"
    )
    assert (code, data["index"], data["leaf_hash"]) == (0, 4, leaf)
    assert data["hashes"] == [each.hex() for each in log.inclusion(4, 6)]


@pytest.mark.parametrize(("old", "new"), [("3", "9"), ("6", "6")])
def test_one_log_begins_another(cli, log, pinned, old, new):
    """Nothing was changed or taken out between them."""
    result = cli("audit", "consistency", old, new)
    code, data = cli.json("audit", "consistency", old, new)

    assert result.stdout.startswith("Nothing that stood in the log was changed")
    assert f"at size {old}, signed by its pinned key" in result.stdout
    assert (code, data["old"]["size"], data["new"]["size"]) == (0, int(old), int(new))


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("prove", "1", "4"), "size (SIZE) is the size of no published"),
        (("prove", "1", "10"), "size (SIZE) is the size of no published"),
        (("prove", "6", "6"), "index (INDEX) must be below the size"),
        (("consistency", "4", "9"), "old_size (OLD) is the size of no published"),
        (("consistency", "3", "7"), "new_size (NEW) is the size of no published"),
        (("consistency", "9", "3"), "old_size (OLD) must be at most the new size"),
    ],
)
def test_what_can_not_be_proven_is_refused(cli, wire, pinned, words, option):
    """No proof is asked for."""
    result = cli("audit", *words)

    assert result.exit_code == 2
    assert option in result.stderr
    assert wire.requests("ProveInclusion") == []


def listing(*notes):
    return wire_log.ListCheckpointsResponse(notes=notes)


def lying_lists():
    """Name lists that must not pass, asked for from size 3 on, two at most."""
    log, other = AccessLog(SIZE), AccessLog(SIZE)
    return {
        "another log": listing(other.note(6, origin="else.test/log")),
        "garbage": listing(b"garbage"),
        "too small": listing(log.note(2)),
        "out of order": listing(log.note(6), log.note(3)),
        "twice": listing(log.note(6), log.note(6)),
        "more than asked for": listing(
            log.note(3), log.note(6), log.note(7), log.note(9)
        ),
    }


@pytest.mark.parametrize("name", lying_lists())
def test_a_list_that_does_not_verify_is_refused(cli, wire, pinned, name):
    """Nothing of it is shown."""
    wire.answers["ListCheckpoints"] = lying_lists()[name]
    result = cli("audit", "checkpoints", "--from-size", "3", "--count", "2")

    assert (result.exit_code, result.stdout) == (5, "")


def test_another_key_signs_nothing(cli, pair, wire, log, served):
    """The log's name alone does not make a note the pinned log's."""
    stranger = Signer(ORIGIN, SigningKey(bytes([7]) * 32))
    cli.become(pair, log_key=render_key(stranger.public))
    result = cli("audit", "checkpoints")

    assert (result.exit_code, result.stdout) == (5, "")


def test_a_proof_for_another_index_is_refused(cli, wire, log, pinned):
    """It leads to the same checkpoint, from another leaf."""
    wire.answers["ProveInclusion"] = log.prove_inclusion(
        wire_log.ProveInclusionRequest(index=3, size=9)
    )
    result = cli("audit", "prove", "4", "9")

    assert (result.exit_code, result.stdout) == (5, "")


def test_a_proof_of_other_sizes_is_refused(cli, wire, log, pinned):
    """Nobody changed the log between 2 and 9; that was not the question."""
    wire.answers["ProveConsistency"] = log.prove_consistency(
        wire_log.ProveConsistencyRequest(old_size=2, new_size=9)
    )
    result = cli("audit", "consistency", "3", "9")

    assert (result.exit_code, result.stdout) == (5, "")


def test_a_log_that_was_changed_is_caught(cli, wire, log, pinned):
    """Both checkpoints are signed, and no proof joins them."""
    fork = AccessLog(SIZE)
    notes = {3: log.note(3), 9: fork.note(9)}
    wire.answers["ListCheckpoints"] = lambda request: listing(notes[request.least_size])
    wire.answers["ProveConsistency"] = fork.prove_consistency
    result = cli("audit", "consistency", "3", "9")

    assert (result.exit_code, result.stdout) == (5, "")
    assert "another history" in result.stderr
