"""Auditors follow the log, take it along, replay decisions and look for misuse."""

import time
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import grpc
import pytest
from kit.asking import EVERYTHING, checked
from kit.audited import endanger, outlines, question, vouched
from kit.town import GROUND, PATHS, TIMEOUT, Town, fresh

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import types_pb2 as wire
from placement.audit import merkle, span
from placement.audit.entry import parse
from placement.audit.span import Span
from placement.errors import TamperedError

LATE = 60.0  # seconds


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A town in which somebody was checked in three areas, and one is dangerous."""
    with Town(tmp_path_factory.mktemp("town")) as town:
        town.answer = question(town)
        yield town


# Following


class Tail:
    """Somebody who follows the log, and remembers how far they came."""

    def __init__(self, stream):
        self._stream = stream
        self.indexes = []
        self.entries = []
        self.token = b""

    def __call__(self, count):
        """Read on until there are so many entries."""
        while len(self.indexes) < count:
            answer = audit.TailEntriesResponse.FromString(next(self._stream))
            self.indexes += [each.index for each in answer.entries]
            self.entries += answer.entries
            self.token = answer.resume_token
        return self.indexes

    def begin(self):
        """Wait for the first answer: from here on nothing is missed."""
        answer = audit.TailEntriesResponse.FromString(next(self._stream))
        self.token = answer.resume_token
        return answer


@contextmanager
def tail(town, **given):
    """Follow the log until the block ends."""
    request = audit.TailEntriesRequest(**({"ground": GROUND} | given))
    ask = town.channel("auditor").unary_stream(PATHS["TailEntries"])
    stream = ask(request.SerializeToString(), timeout=LATE)
    try:
        yield Tail(stream)
    finally:
        stream.cancel()


def act(town, times=1):
    """Do something that is one entry."""
    show = check.ShowCaseRequest(case_handle=town.case)
    for _ in range(times):
        assert isinstance(town.call("worker", "ShowCase", show), bytes)


def test_entries_come_as_they_are_written(town):
    """From the call on, each as it stands in the log, the follower's own not twice."""
    with tail(town) as follow:
        first = follow.begin()
        start = town.head().leaves
        act(town)
        follow(1)
        act(town, 3)
        got = follow(4)

    assert list(first.entries) == []
    assert got == [start, start + 1, start + 2, start + 3]
    assert [each.entry for each in follow.entries] == [
        leaf.entry for leaf in town.store.entries(start, 4)
    ]
    assert {outline.counties for outline in outlines(follow.entries)} == {()}


def test_only_what_is_selected_comes(town):
    """The token passes what is not."""
    with tail(town, filter=audit.EntryFilter(action="CHECK", person="cw-01")) as follow:
        follow.begin()
        act(town, 2)
        index = checked(town).leaf_index
        act(town)

        assert follow(1) == [index]


def test_following_begins_no_earlier_than_the_filter(town):
    """An index or instant that is yet to come is waited for."""
    start = town.head().leaves + 4  # the search's own entry is before them
    with tail(town, filter=audit.EntryFilter(first_index=start)) as follow:
        follow.begin()
        act(town, 5)

        assert follow(2) == [start, start + 1]


def test_following_begins_where_the_filter_does(town):
    """By index or by instant, though it is long past; then what comes is sent on."""
    at = town.entries(3)[0].at
    for begin in ({"first_index": 3}, {"since": at}):
        size = town.head().leaves
        with tail(town, filter=audit.EntryFilter(**begin)) as follow:
            act(town)

            assert follow(size - 3)[: size - 3] == list(range(3, size))


def test_nothing_is_lost_or_doubled_across_a_restart(tmp_path):
    """The token of the last answer goes on from there, whatever came in between."""
    town = Town(tmp_path)
    with town:
        chosen = audit.EntryFilter(action="CASE_SHOW")
        with tail(town, filter=chosen) as follow:
            follow.begin()
            act(town, 3)
            follow(3)
            seen, token = list(follow.indexes), follow.token
        act(town, 2)
    town._channels.clear()
    town.served.start()
    try:
        act(town, 2)
        with tail(town, filter=chosen, resume_token=token) as follow:
            follow(4)
            act(town)
            seen += follow(5)
        expected = [
            index
            for index, entry in enumerate(town.entries(0))
            if entry.action == "CASE_SHOW"
        ]
    finally:
        for channel in town._channels.values():
            channel.close()
        town.served.stop()

    assert seen == expected
    assert len(seen) == 8


def test_a_token_passes_what_was_not_selected(town):
    """An answer without entries leads on, too; nothing before it comes again."""
    chosen = audit.EntryFilter(action="CASE_SHOW")
    with tail(town, filter=chosen) as follow:
        begun = follow.begin()
    act(town)
    with tail(town, filter=chosen, resume_token=begun.resume_token) as follow:
        (index,) = follow(1)
        token = follow.token
    with tail(town, filter=chosen, resume_token=token) as follow:
        act(town)
        (later,) = follow(1)

    assert later > index


# Taking along


def exported(town, **given):
    """Return head, leaves and end of an export."""
    request = audit.ExportEntriesRequest(
        **({"filter": EVERYTHING, "ground": GROUND} | given)
    )
    head, *pieces, end = town.stream(
        "auditor", "ExportEntries", request, audit.ExportEntriesResponse
    )
    kinds = [piece.WhichOneof("piece") for piece in (head, *pieces, end)]
    assert kinds == ["head", *["leaves"] * len(pieces), "end"]
    leaves = [leaf for piece in pieces for leaf in piece.leaves.leaves]
    return head.head, leaves, end.end


def hashes(leaves):
    return [
        merkle.leaf_hash(leaf.entry) if leaf.entry else leaf.leaf_hash
        for leaf in leaves
    ]


def joined(head, end):
    after = tuple((each.level, each.hash) for each in end.after)
    return Span(head.first, tuple(head.before), head.count, after)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"first_index": 0}, None),
        ({"first_index": 3, "end_index": 9}, None),
        ({"first_index": 5, "action": "CHECK"}, {"CHECK"}),
        ({"person": "co-01", "end_index": 7}, {"GROUP_REGISTER", "FACILITY_REGISTER"}),
    ],
    ids=["everything", "a part", "an action", "a person"],
)
def test_an_export_verifies(town, given, shown):
    """Every leaf stands where it should, whether it is shown or only its hash."""
    size = town.head().leaves + 1
    head, leaves, end = exported(town, filter=audit.EntryFilter(**given))
    made = vouched(town, head.note)
    span.verify(joined(head, end), hashes(leaves), made.size, made.root)
    entries = [parse(leaf.entry) for leaf in leaves if leaf.entry]

    assert made.size >= size
    assert head.first == given.get("first_index", 0)
    assert head.count == len(leaves)
    if "end_index" in given:
        assert head.first + head.count == given["end_index"]
    if shown is None:
        assert len(entries) == len(leaves)
    else:
        assert {entry.action for entry in entries} >= shown
        assert len(entries) < len(leaves)
    assert all(outlines(leaf for leaf in leaves if leaf.entry))


@pytest.mark.parametrize("deed", ["alter", "drop", "double", "swap"])
def test_an_export_that_was_touched_does_not(town, deed):
    """One leaf is enough."""
    head, leaves, end = exported(town, filter=audit.EntryFilter(first_index=2))
    made, found = vouched(town, head.note), hashes(leaves)
    match deed:
        case "alter":
            found[3] = merkle.leaf_hash(leaves[3].entry[:-1] + b"\xff")
        case "drop":
            del found[3]
        case "double":
            found.insert(3, found[3])
        case "swap":
            found[3], found[4] = found[4], found[3]

    with pytest.raises(TamperedError):
        span.verify(joined(head, end), found, made.size, made.root)
    moved = replace(joined(head, end), first=3)
    with pytest.raises(TamperedError):
        span.verify(moved, hashes(leaves), made.size, made.root)


def test_an_export_of_nothing(town):
    """Nothing lies in the period; that somebody wanted it is an entry."""
    first = town.head().leaves
    request = audit.ExportEntriesRequest(
        filter=audit.EntryFilter(since=0, until=9), ground=GROUND
    )
    got = town.call("auditor", "ExportEntries", request)
    (entry,) = town.entries(first)

    assert (got.code.name, got.reason) == ("NOT_FOUND", "NOT_FOUND")
    assert (entry.action, entry.kind) == ("LOG_EXPORT", "DISCLOSURE")


# Replay


def replayed(town, decision):
    """Return what a replay found, after any words about how far it came."""
    request = audit.ReplayDecisionRequest(decision_id=decision, ground=GROUND)
    *progress, last = town.stream(
        "auditor", "ReplayDecision", request, audit.ReplayDecisionResponse
    )
    assert {step.WhichOneof("step") for step in progress} <= {"progress"}
    return last.replay


def test_a_decision_comes_out_as_it_did(town):
    """Each of three, with its reasons: rules, grades and fact ids."""
    dangerous, *clear = (
        replayed(town, each.decision_id) for each in town.answer.verdicts
    )

    assert {each.outcome for each in (dangerous, *clear)} == {
        audit.REPLAY_OUTCOME_EQUAL
    }
    assert {each.index for each in (dangerous, *clear)} == {town.answer.leaf_index}
    assert (dangerous.recorded, dangerous.replayed) == (wire.VERDICT_CONFLICT,) * 2
    assert {each.replayed for each in clear} == {wire.VERDICT_CLEAR}
    (finding, *_) = dangerous.findings
    assert finding.verdict == wire.VERDICT_CONFLICT
    assert [(each.fact_id, each.kind, each.grade) for each in finding.facts] == [
        (town.fact, "tie", "STRONG")
    ]
    assert dangerous.ruleset == town.answer.ruleset
    assert dangerous.decided_at == town.answer.decided_at


def test_a_decision_stays_what_it_was_when_facts_come_later(town):
    """What is dangerous now was not then."""
    before = checked(town, "0580").verdicts[0]
    endanger(town, "0580")
    after = checked(town, "0580").verdicts[0]
    then, now = replayed(town, before.decision_id), replayed(town, after.decision_id)

    assert (before.verdict, after.verdict) == (
        wire.VERDICT_CLEAR,
        wire.VERDICT_CONFLICT,
    )
    assert (then.outcome, then.replayed) == (
        audit.REPLAY_OUTCOME_EQUAL,
        wire.VERDICT_CLEAR,
    )
    assert now.replayed == wire.VERDICT_CONFLICT


def test_a_decision_that_nobody_made(town):
    """Not found; the attempt is an entry that names it."""
    first, decision = town.head().leaves, fresh()
    request = audit.ReplayDecisionRequest(decision_id=decision, ground=GROUND)
    got = town.call("auditor", "ReplayDecision", request)
    (details,) = town.details(first)

    assert (got.code.name, got.reason) == ("NOT_FOUND", "NOT_FOUND")
    assert details.outline.search.endswith(f"decision={decision.hex()}")


# Misuse


def test_a_period_is_looked_through(town):
    """To its end, and the last word says so."""
    request = audit.ReportAnomaliesRequest(since=0, until=2**61, ground=GROUND)
    steps = town.stream(
        "auditor", "ReportAnomalies", request, audit.ReportAnomaliesResponse
    )
    last = steps[-1].progress

    assert last.done == last.total > 0


@pytest.mark.slow
def test_misuse_is_followed_as_it_comes(tmp_path):
    """A person who asks and asks; until then nothing comes but what is new."""
    with Town(tmp_path) as town:
        request = audit.ReportAnomaliesRequest(since=0, ground=GROUND)
        ask = town.channel("auditor").unary_stream(PATHS["ReportAnomalies"])
        stream = ask(request.SerializeToString(), timeout=TIMEOUT)
        pieces = map(audit.ReportAnomaliesResponse.FromString, stream)
        begun = next(
            piece.progress
            for piece in pieces
            if piece.progress.total and piece.progress.done == piece.progress.total
        )
        time.sleep(1.0)  # several looks, at nothing
        for area in ("0180", "0580", "1480", "0680", "2480", "0380"):
            checked(town, area)
        steps = []
        found = set()
        while not found:
            piece = next(pieces)
            steps.append(piece)
            if piece.HasField("anomaly"):
                found.add(piece.anomaly.pattern)
        stream.cancel()
        supporting = [
            entry.action
            for index, entry in enumerate(town.entries(0))
            if index in piece.anomaly.entries
        ]

    assert begun.total > 0
    assert set(supporting) == {"CHECK"}
    assert piece.anomaly.organisation == "1280"
    told = [begun, *(step.progress for step in steps if step.HasField("progress"))]
    assert all(one != other for one, other in pairwise(told))


def test_following_misuse_ends_with_its_deadline(town):
    """It has no end of its own."""
    request = audit.ReportAnomaliesRequest(since=2**61, ground=GROUND)
    ask = town.channel("auditor").unary_stream(PATHS["ReportAnomalies"])
    with pytest.raises(grpc.RpcError) as over:
        list(ask(request.SerializeToString(), timeout=1.0))

    assert over.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
