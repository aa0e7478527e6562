"""The dry run, what lies on disk meanwhile, and how rows are sent."""

import pytest
from kit.planned import (
    TODAY,
    A,
    B,
    C,
    faction,
    known,
    only,
    planned,
    presence,
    rivalry,
)
from placement_client.sheets import sending
from placement_client.sheets.circles import Edge, circular
from placement_client.sheets.planning import Outcome, Registry, digest_of, plan
from placement_client.sheets.rows import Fault
from placement_client.sheets.sending import CALL_ROWS, begin, cuts, send
from placement_client.sheets.spool import Spool
from placement_client.sheets.trying import tried

from placement.api.v1 import import_service_pb2 as wire
from placement.api.v1 import review_service_pb2 as review
from placement.api.v1 import types_pb2
from placement.domain.imports import first_digest, next_digest
from placement.errors import ConflictError, InvalidInputError, NotFoundError

END = wire.RowEnd(fact_id=b"f" * 16, valid_to_day=TODAY, seen_revision=7)


def test_outcomes():
    """New, the same, ended, changed: what is sent for each."""
    new = only(rivalry())
    same = only(rivalry(), known(rivalry()))
    ended = only(rivalry(valid_to_day=TODAY), known(rivalry()))
    changed = only(rivalry(2), known(rivalry()))

    assert (new.outcome, new.row) == (Outcome.NEW, wire.ImportRow(fact=rivalry()))
    assert (same.outcome, same.row) == (Outcome.SAME, None)
    assert (ended.outcome, ended.row) == (Outcome.ENDED, wire.ImportRow(end=END))
    both = wire.ImportRow(fact=rivalry(2), end=END)
    assert (changed.outcome, changed.row) == (Outcome.CHANGED, both)


@pytest.mark.parametrize(
    ("fact", "on_record", "column"),
    [
        (rivalry(), known(rivalry(), review.FACT_STATE_INERT), "row"),
        (rivalry(2), known(rivalry(), review.FACT_STATE_UNAPPROVED), "row"),
        (rivalry(2), known(rivalry(valid_to_day=5), review.FACT_STATE_ENDED), "until"),
        (rivalry(valid_to_day=TODAY + 1), known(rivalry()), "until"),
        (
            rivalry(2, valid_from_day=TODAY + 1),
            known(rivalry(valid_from_day=TODAY + 1)),
            "since",
        ),
        (rivalry(valid_from_day=5), known(rivalry()), "since"),
    ],
    ids=["inert", "waiting", "ended", "future end", "future", "overlap"],
)
def test_refused(fact, on_record, column):
    """What one person could not do by hand, a sheet can't either."""
    found = only(fact, on_record)

    assert (found.outcome, found.row) == (Outcome.REFUSED, None)
    assert [fault.column for fault in found.faults] == [column]


def test_what_was_recorded_anew():
    """A row is compared with the successor, and with what counts before what doesn't."""
    old = known(rivalry(), review.FACT_STATE_ENDED)
    new = known(rivalry(2), key=b"n" * 16, replaces=old.fact_id)
    retracted = known(rivalry(3), review.FACT_STATE_INERT, b"r" * 16)

    assert only(rivalry(2), old, new).outcome is Outcome.SAME
    assert only(rivalry(2), retracted, old, new).outcome is Outcome.SAME
    assert only(rivalry(2), new, retracted).outcome is Outcome.SAME


def test_what_waits_to_be_recorded_anew():
    """Until the amendment is approved the old fact is the one on record."""
    old = known(rivalry(3))
    new = known(
        rivalry(2, valid_from_day=9),
        review.FACT_STATE_UNAPPROVED,
        b"n" * 16,
        old.fact_id,
    )

    assert only(rivalry(3), old, new).outcome is Outcome.SAME
    assert only(rivalry(2, valid_from_day=9), old, new).outcome is Outcome.SAME
    assert only(rivalry(1), old, new).outcome is Outcome.REFUSED
    assert only(rivalry(3, valid_to_day=TODAY), old, new).outcome is Outcome.REFUSED


def test_what_waits_under_the_same_key():
    """Of two facts that one row would say, the row is compared with what counts."""
    old = known(presence(valid_from_day=9))
    softer = presence(valid_from_day=9)
    softer.presence.kind = types_pb2.PRESENCE_KIND_OCCASIONAL
    new = known(softer, review.FACT_STATE_UNAPPROVED, b"n" * 16, old.fact_id)

    assert only(presence(valid_from_day=9), old, new).outcome is Outcome.SAME
    assert only(softer, old, new).outcome is Outcome.REFUSED


def test_links_that_do_not_meet():
    """Two spans of one pair are two facts."""
    before = known(rivalry(valid_to_day=9), review.FACT_STATE_ENDED)

    assert only(rivalry(valid_from_day=9), before).outcome is Outcome.NEW
    assert only(rivalry(valid_from_day=8), before).outcome is Outcome.REFUSED


def test_one_fact_said_twice():
    """Both rows are refused, each with the number of the other."""
    found = planned(presence(), rivalry(), presence()).rows

    assert [each.outcome.value for each in found] == ["refused", "new", "refused"]
    assert "row 4" in str(found[0].faults[0])
    assert "row 2" in str(found[2].faults[0])


def test_rows_of_one_link_that_meet():
    """Two spans in one sheet that overlap are both refused; those that don't, none."""
    meet = planned(rivalry(valid_to_day=9), rivalry(valid_from_day=8)).rows
    follow = planned(rivalry(valid_to_day=9), rivalry(valid_from_day=9)).rows

    assert {each.outcome for each in meet} == {Outcome.REFUSED}
    assert {each.outcome for each in follow} == {Outcome.NEW}


def test_circles():
    """Whatever closes one, with what stands on record, is refused; the rest is not."""
    record = known(faction(A, B))
    ended = faction(C, A, valid_to_day=TODAY - 9)
    over = known(ended, review.FACT_STATE_ENDED, b"o" * 16)
    found = planned(faction(B, C), faction(C, A), registry=[record]).rows
    alone = planned(faction(B, C, valid_from_day=TODAY), registry=[record, over]).rows

    assert {each.outcome for each in found} == {Outcome.REFUSED}
    assert {each.outcome for each in alone} == {Outcome.NEW}


def test_a_part_that_became_the_whole():
    """On no day was it both; on record it is the same, and closes nothing."""
    turned = faction(A, B, valid_to_day=9), faction(B, A, valid_from_day=9)
    new = planned(*turned).rows
    same = planned(*turned, registry=[known(each) for each in turned]).rows
    met = planned(turned[0], faction(B, A, valid_from_day=8)).rows

    assert {each.outcome for each in new} == {Outcome.NEW}
    assert {each.outcome for each in same} == {Outcome.SAME}
    assert {each.outcome for each in met} == {Outcome.REFUSED}


def test_what_the_service_alone_knows():
    """Links are tried, some in each call, and what it refuses is refused with why."""
    pairs = [(n.to_bytes(16, "big"), A) for n in range(CALL_ROWS + 6)]
    links = [rivalry(pair=pair) for pair in pairs]
    made, asked = planned(presence(), *links, presence("1480")), []

    def ask(rows):
        asked.append(len(rows))
        reason = wire.ROW_REFUSAL_CONTRADICTION
        return [wire.RefusedRow(position=5, reason=reason)]

    found = tried(made, ask)
    refused = [n for n, each in enumerate(found.rows) if each.row is None]

    assert asked == [CALL_ROWS, 6]
    assert refused == [6, CALL_ROWS + 6]
    assert "another name" in str(found.rows[6].faults[0])
    assert {found.rows[n].outcome for n in refused} == {Outcome.REFUSED}
    assert found.digest != made.digest
    assert tried(planned(presence()), pytest.fail) == planned(presence())


def test_what_can_not_be_is_refused_alone():
    """The service refuses the call for it; the others are asked about without it."""
    links = [rivalry(pair=(n.to_bytes(16, "big"), A)) for n in range(5)]
    far = presence(review_by_day=TODAY + 999)
    made, asked = planned(*links, presence("1480"), far), []

    def ask(rows):
        asked.append(len(rows))
        if rows[-1].fact == far:
            field = f"rows[{len(rows) - 1}].fact.review_by_day"
            raise InvalidInputError(field, "is too far ahead")
        if len(rows) > 3:
            raise InvalidInputError("rows[1].fact.rivalry", "is none")
        return [wire.RefusedRow(position=2, reason=wire.ROW_REFUSAL_CHANGED)]

    found = tried(made, ask).rows
    why = {n: str(each.faults[0]) for n, each in enumerate(found) if each.faults}

    assert asked == [6, 5, 4, 3]
    assert why.keys() == {1, 2, 4, 6}
    assert (why[6], why[1]) == ("review_by_day is too far ahead", "rivalry is none")
    with pytest.raises(InvalidInputError):
        tried(made, lambda _: (_ for _ in ()).throw(InvalidInputError("rows", "x")))


def test_a_long_chain_is_no_circle():
    """And costs no more than its length."""
    edges = {
        n: Edge(n.to_bytes(4, "big"), (n + 1).to_bytes(4, "big")) for n in range(50_000)
    }

    assert circular(edges, ()) == []


def test_the_plan_stands_for_all_that_is_sent():
    """Another row, refused or not, or another file, is another plan."""
    one = planned(rivalry())
    fault = (Fault("kind", "is missing"),)

    assert one.digest == planned(rivalry()).digest
    assert one.digest != planned(rivalry(2)).digest
    assert one.digest != plan([(2, rivalry())], Registry((), TODAY), b"x" * 32).digest
    assert one.digest != planned(rivalry(), fault).digest
    assert one.counts()["new"] == 1


def test_the_plan_stands_for_what_is_said_of_its_rows_alone():
    """Others may work meanwhile; but what was on record and is refused is no longer so."""
    there = known(rivalry())
    one = planned(rivalry(), presence(), registry=[there])
    elsewhere = known(presence("1480"), key=b"g" * 16)
    inert = known(rivalry(), state=review.FACT_STATE_INERT)

    def digest(*registry):
        return planned(rivalry(), presence(), registry=registry).digest

    assert one.digest == digest(there, elsewhere)
    assert one.digest != digest(inert)
    assert one.digest != digest(there, known(presence(), key=b"h" * 16))


def test_the_digest_is_the_services():
    """Client and service make the same of the same rows."""
    rows = [wire.ImportRow(fact=rivalry()), wire.ImportRow(end=END)]
    digest = first_digest()
    for row in rows:
        digest = next_digest(digest, row.SerializeToString(deterministic=True))

    assert digest_of(rows) == digest


# On disk


@pytest.fixture
def spool(tmp_path):
    return Spool.of(tmp_path / "imports", planned(rivalry(), presence()))


def test_a_spool_is_kept_and_found(tmp_path, spool):
    """The same plan finds the same request; the file is its owner's alone."""
    folder = tmp_path / "imports"
    again = Spool.of(folder, planned(rivalry(), presence()))
    spool.note(b"i" * 16)

    assert again == spool == Spool.find(folder, b"i" * 16)
    assert (list(spool.numbers), len(spool.request_id)) == ([2, 3], 16)
    assert spool.path.stat().st_mode & 0o777 == 0o600
    spool.drop()
    with pytest.raises(NotFoundError):
        Spool.find(folder, b"i" * 16)
    with pytest.raises(InvalidInputError):
        Spool.read(spool.path)


@pytest.mark.parametrize(
    "harm",
    [
        lambda content: content[:10],
        lambda content: content[:-1],
        lambda content: b"X" + content[1:],
        lambda content: content + b"x",
        lambda content: content[:-2] + b"\xff\xff",
    ],
    ids=["head", "end", "magic", "more", "row"],
)
def test_a_damaged_spool_is_refused(spool, harm):
    """Nothing is sent of what may be something else."""
    spool.path.write_bytes(harm(spool.path.read_bytes()))
    with pytest.raises(InvalidInputError):
        Spool.read(spool.path)


def test_a_folder_that_can_not_be_written(tmp_path):
    """The import is not begun."""
    (tmp_path / "imports").write_text("", "utf-8")
    with pytest.raises(InvalidInputError):
        Spool.of(tmp_path / "imports", planned(rivalry()))


# Sending


class Calls:
    """A service that stages; it fails as it is told."""

    def __init__(self, state=wire.IMPORT_STATE_OPEN, staged=0):
        self.made = wire.Import(import_id=b"i" * 16, state=state, staged=staged)
        self.appended = []
        self.refusal = None

    def begin(self, rows, request_id):
        self.made.rows = rows
        return self.made.import_id

    def show(self, import_id):
        return wire.ShowImportResponse(**{"import": self.made})

    def append(self, import_id, position, rows):
        if self.refusal is not None:
            raise self.refusal
        assert position == self.made.staged
        self.appended.append(position)
        self.made.staged += len(rows)

    def finish(self, import_id, digest):
        self.made.digest = digest
        return wire.FinishImportResponse(**{"import": self.made})


def test_cuts():
    """By number of rows and by bytes; the same rows are always cut alike."""
    rows = [wire.ImportRow(fact=presence())] * 300
    found = list(cuts(rows))

    assert [each.position for each in found] == [0, 64, 128, 192, 256]
    assert [row for each in found for row in each.rows] == rows


def test_cuts_by_bytes(monkeypatch):
    """No call is larger than the service takes."""
    monkeypatch.setattr(sending, "CALL_BYTES", 60)
    rows = [wire.ImportRow(fact=presence())] * 4

    assert {len(each.rows) for each in cuts(rows)} == {1}


def test_sent_from_where_it_ended(spool):
    """What is staged is not sent again; what waits already is only finished."""
    told = []
    calls = Calls()
    key = begin(calls, spool)
    send(calls, spool, key, lambda *pair: told.append(pair))
    again = Calls(staged=2)
    send(again, spool, key, lambda *pair: None)
    waiting = Calls(state=wire.IMPORT_STATE_WAITING, staged=2)
    send(waiting, spool, key, lambda *pair: None)

    assert (calls.appended, again.appended, waiting.appended) == ([0], [], [])
    assert told == [(2, 2)]
    assert calls.made.digest == digest_of(spool.rows)


@pytest.mark.parametrize(
    "state", [wire.IMPORT_STATE_LAPSED, wire.IMPORT_STATE_CANCELLED]
)
def test_what_is_over_is_not_sent(spool, state):
    """It has to be committed anew."""
    with pytest.raises(ConflictError):
        send(Calls(state=state), spool, b"i" * 16, lambda *pair: None)


@pytest.mark.parametrize(
    ("field", "named"),
    [
        ("rows[1].fact.presence.area", "row 3.fact.presence.area"),
        ("rows", "rows"),
        ("rows[9]", "rows[9]"),
    ],
)
def test_a_refused_row_has_its_number(spool, field, named):
    """As the sheet has it, not as the call does."""
    calls = Calls()
    calls.refusal = InvalidInputError(field, "is wrong")
    with pytest.raises(InvalidInputError) as refused:
        send(calls, spool, b"i" * 16, lambda *pair: None)

    assert refused.value.field == named
