"""``audit show``: one entry in words, and its proof held against pinned keys."""

import pytest
from kit.access_log import OUTLINE, AccessLog, log_entry

from placement.api.v1 import audit_service_pb2 as audit

WHY = ("--purpose", "supervision", "--matter", "TSN 7")
SIZE = 11


@pytest.fixture
def log():
    return AccessLog(SIZE)


@pytest.fixture
def pinned(cli, pair, wire, log):
    """Pin the log's key; serve its proofs."""
    cli.become(pair, log_key=log.log_key)
    wire.answers["ProveConsistency"] = log.prove_consistency


def shown(log, index, size=SIZE, **changes):
    given = {
        "entry": log.entries[index],
        "hashes": log.inclusion(index, size),
        "note": log.note(size),
    }
    return audit.ShowEntryResponse(**{**given, **changes})


def test_an_entry_is_shown_with_its_proof(cli, wire, log, pinned):
    """All its fields in words, and that it stands in the log."""
    wire.answers["ShowEntry"] = shown(log, 4)
    result = cli("audit", "show", "4", *WHY)
    lines = [line.split() for line in result.stdout.splitlines()]

    assert (result.exit_code, result.stderr) == (0, "")
    assert ["Index", "4"] in lines
    assert (
        "2026-06-15 12:00 Stockholm time (2026-06-15T10:00:00.000000Z)" in result.stdout
    )
    assert "Västra Götalands län (14), Stockholms län (01)" in result.stdout
    assert " ".join(each.hex() for each in OUTLINE.decisions) in result.stdout
    assert result.stdout.endswith(
        "Entry 4 stands in the log: its proof leads to the checkpoint of "
        "placement.test/log at size 11, signed by its pinned key.\n"
    )


def test_an_entry_is_an_object_with_its_checkpoint(cli, wire, log, pinned):
    """The same as of a list, and what it was verified against."""
    wire.answers["ShowEntry"] = shown(log, 4)
    code, data = cli.json("audit", "show", "4", *WHY)

    assert code == 0
    assert data["entry"]["index"] == 4
    assert data["checkpoint"].pop("root")
    assert data["checkpoint"] == {
        "origin": "placement.test/log",
        "size": SIZE,
        "verified": True,
        "witnesses": [],
        "enough_witnesses": True,
    }


def test_an_erased_entry_is_proven_too(cli, wire, log, pinned):
    """The leaf stays as it was; a refusal is said to be one."""
    log = AccessLog(1)
    sent = audit.LogEntry(index=0, entry=log.entries[0].entry)
    wire.answers["ShowEntry"] = shown(log, 0, 1, entry=sent)
    result = cli("audit", "show", "0", *WHY)

    assert result.exit_code == 0
    assert ["Details", "erased"] in [
        each.split() for each in result.stdout.splitlines()
    ]


def test_without_a_pinned_key_nobody_knows_who_signed(cli, wire, log):
    """It is said, and the proof is verified as far as it goes."""
    wire.answers["ShowEntry"] = shown(log, 4)
    result = cli("audit", "show", "4", *WHY)
    _, data = cli.json("audit", "show", "4", *WHY)

    assert result.exit_code == 0
    assert result.stderr.startswith("Warning: this context pins no log key")
    assert "of unknown origin" in result.stdout
    assert data["checkpoint"]["verified"] is False


def test_too_few_witnesses_are_told(cli, pair, wire, log):
    """The log's own word is shown for what it is."""
    cli.become(pair, log_key=log.log_key, witnesses=log.witness_key, quorum="1")
    wire.answers["ShowEntry"] = [
        shown(log, 4),
        shown(log, 4, note=log.note(SIZE, cosigned=True)),
    ]
    alone = cli("audit", "show", "4", *WHY)
    cosigned = cli("audit", "show", "4", *WHY)

    assert "0 of the 1 witnesses" in alone.stderr
    assert cosigned.stderr == ""
    assert "cosigned by witness.test/a" in cosigned.stdout


def lies(log):
    """Name answers that must not pass, for entry 4."""
    other = AccessLog(SIZE)
    renumbered = audit.LogEntry()
    renumbered.CopyFrom(log.entries[3])
    renumbered.index = 4
    bent = audit.LogEntry()
    bent.CopyFrom(log.entries[4])
    bent.details = log.entries[5].details
    return {
        "another entry": shown(log, 3),
        "another entry under this index": shown(log, 3, entry=renumbered),
        "a proof for another index": shown(log, 4, hashes=log.inclusion(3, SIZE)),
        "a proof for another size": shown(log, 4, hashes=log.inclusion(4, 8)),
        "no proof": shown(log, 4, hashes=[]),
        "an entry that is not in it": shown(log, 4, entry=log_entry(4)),
        "details of another entry": shown(log, 4, entry=bent),
        "another log's checkpoint": shown(log, 4, note=other.note(SIZE)),
        "another origin": shown(log, 4, note=log.note(SIZE, origin="else.test/log")),
        "no checkpoint": shown(log, 4, note=b"garbage"),
    }


@pytest.mark.parametrize("name", lies(AccessLog(SIZE)))
def test_what_does_not_verify_is_not_shown(cli, wire, log, pinned, name):
    """Whoever sent it."""
    wire.answers["ShowEntry"] = lies(log)[name]
    result = cli("audit", "show", "4", *WHY)

    assert (result.exit_code, result.stdout) == (5, "")


def test_a_log_that_shows_another_history_is_caught(cli, wire, log, pinned):
    """What this context saw before is remembered; signed twice is not one history."""
    wire.answers["ShowEntry"] = shown(log, 4)
    before = cli("audit", "show", "4", *WHY)
    fork = AccessLog(SIZE + 2)
    wire.answers["ShowEntry"] = shown(fork, 4, SIZE + 2)
    wire.answers["ProveConsistency"] = fork.prove_consistency
    after = cli("audit", "show", "4", *WHY)

    assert before.exit_code == 0
    assert (after.exit_code, after.stdout) == (5, "")
    assert "another history" in after.stderr


def test_a_log_that_grew_is_followed(cli, wire, log, pinned):
    """The newer checkpoint is proven to contain the one seen."""
    wire.answers["ShowEntry"] = [shown(log, 4, 7), shown(log, 4)]
    codes = [cli("audit", "show", "4", *WHY).exit_code for _ in range(2)]
    (asked,) = wire.requests("ProveConsistency")

    assert codes == [0, 0]
    assert (asked.old_size, asked.new_size) == (7, SIZE)
