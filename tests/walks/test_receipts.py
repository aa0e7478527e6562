"""Receipts and checkpoints over mutual TLS: what everybody relies on."""

import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from itertools import pairwise

import pytest
from kit.asking import checked, newest, recorded
from kit.audited import AREAS, REFERENCE, question, vouched
from kit.cosigned import KNOWN, checkpoint, receipt
from kit.town import Town

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import log_service_pb2 as log
from placement.audit import details as details_
from placement.audit import merkle
from placement.audit.entry import parse


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A town with two witnesses, in which somebody was checked."""
    with Town(tmp_path_factory.mktemp("town"), witnesses=KNOWN) as town:
        town.answer = question(town)
        yield town


# Receipts


def test_a_receipt_proves_the_verdict_and_shows_the_matter(town):
    """The entry of one's own call and all of one's answer, under a checkpoint."""
    index = town.answer.leaf_index
    got, _ = receipt(town, "worker", index)
    made = vouched(town, got.note)
    leaf = merkle.leaf_hash(got.entry)
    merkle.verify_inclusion(leaf, index, made.size, got.hashes, made.root)
    entry = parse(got.entry)
    matter = details_.opened(got.details, entry.details).matter
    answered = list(
        zip(matter.decisions, matter.verdicts, matter.valid_until, strict=True)
    )

    assert (entry.action, entry.person) == ("CHECK", "cw-01")
    assert (matter.case, matter.reference) == (town.case, REFERENCE)
    assert matter.areas == AREAS
    assert answered == [
        (each.decision_id, each.verdict, each.valid_until)
        for each in town.answer.verdicts
    ]


def test_a_receipt_names_the_request(town):
    """So that nobody is given that of another question for one's own."""
    request = town.question()
    answer = town.done(
        "worker", "CheckPlacement", request, check.CheckPlacementResponse
    )
    got, _ = receipt(town, "worker", answer.leaf_index)
    opened = details_.opened(got.details, parse(got.entry).details)

    assert opened.matter.request == request.request_id


def test_a_receipt_of_facts_names_them(town):
    """Coordinators learn from their own what became of what they recorded."""
    index = town.head().leaves
    made = recorded(town, "0136").fact_ids
    got, _ = receipt(town, "coordinator", index)
    opened = details_.opened(got.details, parse(got.entry).details)

    assert list(opened.matter.objects) == list(made)


@pytest.mark.parametrize("who", ["worker", "coordinator", "auditor"])
def test_a_receipt_has_nothing_that_is_for_auditors(town, who):
    """No hash of a case or a person, by which one would be known elsewhere."""
    town.call(who, "ShowCase", check.ShowCaseRequest(case_handle=town.case))
    index = town.head().leaves - 1
    got, _ = receipt(town, who, index)
    opened = details_.opened(got.details, parse(got.entry).details)
    (kept, *_) = town.details(index)

    assert opened == replace(kept, outline=None)
    assert kept.outline.case not in got.details or not kept.outline.case


def test_the_receipt_of_an_answer_is_there_at_once(town):
    """Nobody waits for the next checkpoint."""
    index = checked(town).leaf_index
    got, entry = receipt(town, "worker", index)

    assert vouched(town, got.note).size > index
    assert (entry.action, entry.outcome) == ("RECEIPT_READ", "ANSWERED")


def test_a_colleague_may_fetch_it_too(town):
    """It is the municipality's."""
    colleague = town.served.channel("caseworker", "1280", "cw-55")
    town._channels["colleague"] = colleague
    got, entry = receipt(town, "colleague", town.answer.leaf_index)

    assert parse(got.entry).person == "cw-01"
    assert entry.person == "cw-55"


@pytest.mark.parametrize("who", ["worker", "coordinator", "auditor"])
def test_every_role_has_receipts_of_its_own(town, who):
    """Of the reading of a receipt, for example."""
    index = town.head().leaves
    receipt(town, who, 0)  # whatever comes of it, it is an entry
    got, _ = receipt(town, who, index)

    assert (got.entry, parse(got.entry).action) == (
        town.store.entries(index, 1)[0].entry,
        "RECEIPT_READ",
    )


@pytest.mark.parametrize("who", ["neighbour", "coordinator", "national", "auditor"])
def test_anybody_elses_receipt_is_none(town, who):
    """Absent and not yours are one: every byte of the refusal is the same."""
    size = town.head().leaves
    theirs, entry = receipt(town, who, town.answer.leaf_index)
    absent, other = receipt(town, who, size + 1000)
    future, last = receipt(town, who, 2**62 - 1)

    assert (theirs.code.name, theirs.reason) == ("NOT_FOUND", "NOT_FOUND")
    assert theirs == absent == future
    for left in (entry, other, last):
        assert (left.action, left.outcome) == ("RECEIPT_READ", "NOT_FOUND")
        assert left.role == {"neighbour": "caseworker", "national": "coordinator"}.get(
            who, who
        )
        assert replace(left, at=0, details=b"") == replace(entry, at=0, details=b"")


def test_the_entry_of_a_receipt_says_which(town):
    """For whoever reviews who looked."""
    index = town.answer.leaf_index
    first = town.head().leaves
    receipt(town, "neighbour", index)
    (details,) = town.details(first)

    assert details.outline.search == f"first={index}"


def test_one_with_the_same_name_in_another_role_gets_nothing(town):
    """An office may be called as another role's is; the role counts too."""
    town._channels["police office"] = town.served.channel("auditor", "syd", "au-07")
    index = next(
        index
        for index, entry in enumerate(town.entries(0))
        if (entry.role, entry.organisation) == ("coordinator", "syd")
    )
    got, _ = receipt(town, "police office", index)

    assert got.reason == "NOT_FOUND"


# Checkpoints


def test_a_checkpoint_comes_within_two_seconds_of_a_write(town):
    """Nobody has to ask for it."""
    index = checked(town).leaf_index
    end = time.monotonic() + 2.0
    while (made := checkpoint(town)[0]).size <= index and time.monotonic() < end:
        time.sleep(0.05)

    assert made.size > index
    assert made.origin == town.served.settings.log_name


def test_a_log_that_rests_gets_no_more_checkpoints(town):
    """Its size is the checkpoint's key; following it is no entry."""
    town.settled()
    first, _ = checkpoint(town)
    time.sleep(1.5)
    second, _ = checkpoint(town)

    assert first == second
    assert town.head().leaves == first.size


def test_a_checkpoint_of_more_than_there_is(town):
    """Is not there."""
    size = town.head().leaves
    request = log.GetCheckpointRequest(least_size=size + 1)
    got = town.call("witness", "GetCheckpoint", request)

    assert (got.code.name, got.reason) == ("NOT_FOUND", "NOT_FOUND")
    assert checkpoint(town, least_size=size)[0].size == size


def test_every_checkpoint_begins_the_next(town):
    """One after another, by size, each proven to go on from the one before."""
    for _ in range(3):
        checked(town)
        town.settled()
    request = log.ListCheckpointsRequest(least_size=1, count=100)
    notes = town.done(
        "auditor", "ListCheckpoints", request, log.ListCheckpointsResponse
    )
    made = [vouched(town, each) for each in notes.notes]
    sizes = [each.size for each in made]
    for old, new in pairwise(made):
        asked = log.ProveConsistencyRequest(old_size=old.size, new_size=new.size)
        proof = town.done(
            "worker", "ProveConsistency", asked, log.ProveConsistencyResponse
        ).hashes
        merkle.verify_consistency(old.size, new.size, old.root, new.root, proof)

    assert sizes == sorted(set(sizes))
    assert len(sizes) >= 4
    few = log.ListCheckpointsRequest(least_size=sizes[1], count=2)
    got = town.done("auditor", "ListCheckpoints", few, log.ListCheckpointsResponse)
    assert [vouched(town, each).size for each in got.notes] == sizes[1:3]


def test_every_leaf_is_proven(town):
    """To whoever holds no more than its hash."""
    _, made = newest(town)
    for index in range(0, made.size, 7):
        asked = log.ProveInclusionRequest(index=index, size=made.size)
        got = town.done(
            "coordinator", "ProveInclusion", asked, log.ProveInclusionResponse
        )
        (leaf,) = town.store.entries(index, 1)
        merkle.verify_inclusion(got.leaf_hash, index, made.size, got.hashes, made.root)

        assert got.leaf_hash == merkle.leaf_hash(leaf.entry)


@pytest.mark.parametrize(
    ("method", "make"),
    [
        (
            "ProveInclusion",
            lambda size: log.ProveInclusionRequest(index=size, size=size),
        ),
        ("ProveInclusion", lambda size: log.ProveInclusionRequest(size=size + 1)),
        ("ProveInclusion", lambda _: log.ProveInclusionRequest()),
        (
            "ProveConsistency",
            lambda size: log.ProveConsistencyRequest(new_size=size),
        ),
        (
            "ProveConsistency",
            lambda size: log.ProveConsistencyRequest(old_size=size + 1, new_size=size),
        ),
        (
            "ProveConsistency",
            lambda size: log.ProveConsistencyRequest(old_size=1, new_size=size + 1),
        ),
    ],
    ids=["index", "size", "nothing", "from nothing", "backwards", "too far"],
)
def test_proofs_of_what_is_not_there(town, method, make):
    """Not found, and nothing more; it tells nothing, so it is no entry."""
    _, made = newest(town)
    got = town.call("witness", method, make(made.size))

    assert (got.code.name, got.reason) == ("NOT_FOUND", "NOT_FOUND")
    assert town.head().leaves == made.size


# What was altered


@pytest.mark.parametrize(
    ("statement", "method", "make"),
    [
        (
            'UPDATE leaf SET hash = zeroblob(32) WHERE "index" = 2',
            "ProveInclusion",
            lambda index, size: log.ProveInclusionRequest(index=2, size=size),
        ),
        (
            'UPDATE leaf SET hash = zeroblob(32) WHERE "index" = 2',
            "ProveConsistency",
            lambda index, size: log.ProveConsistencyRequest(old_size=3, new_size=size),
        ),
        (
            'UPDATE leaf SET details_blob = zeroblob(99) WHERE "index" = {index}',
            "GetReceipt",
            lambda index, size: log.GetReceiptRequest(index=index),
        ),
        (
            'UPDATE leaf SET blob = zeroblob(99) WHERE "index" = {index}',
            "GetReceipt",
            lambda index, size: log.GetReceiptRequest(index=index),
        ),
        (
            "UPDATE checkpoint SET note = x'00'",
            "GetCheckpoint",
            lambda index, size: log.GetCheckpointRequest(),
        ),
    ],
    ids=["hash, proof", "hash, consistency", "details", "entry", "checkpoint"],
)
def test_what_was_altered_beside_a_server_ends_it(tmp_path, statement, method, make):
    """Whoever asks first learns that it does not verify; then nobody is answered."""
    with Town(tmp_path) as town:
        index = checked(town).leaf_index
        size = town.settled().leaves
        with closing(sqlite3.connect(tmp_path / "placement.db")) as admin, admin:
            admin.execute(statement.format(index=index))
        got = town.call("worker", method, make(index, size))
        later = town.call("worker", "CheckPlacement", town.question())
        serving = town.served.app.engine.serving

    assert (got.code.name, got.reason) == ("DATA_LOSS", "TAMPERED")
    assert later.reason == "TAMPERED"
    assert not serving
