"""What a context keeps: nothing is forgotten, and nothing damaged is begun anew."""

import json
import stat
from dataclasses import replace

import grpc
import pytest
from kit.asked import CASE
from kit.receipted import HOURS_72, NOON, REVISION, RULESET, ReceiptedLog, witness
from kit.wire import RefusalError
from placement_client.answered import Answered
from placement_client.kept import Kept, Recheck, read_receipt
from placement_client.trust import Policy

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import log_service_pb2 as wire_log
from placement.api.v1.types_pb2 import Window
from placement.audit.note import render_key
from placement.audit.proof import render
from placement.errors import NotFoundError, TamperedError, UnavailableError

CERTIFICATE = bytes([3]) * 32
A = witness("a.example")
FIRST = Answered(
    index=3,
    request=bytes([8]) * 16,
    decisions=(bytes([1]) * 16, bytes([2]) * 16),
    verdicts=(1, 4),
    valid_until=(NOON + HOURS_72, NOON),
    areas=("1480", "0180"),
    facilities=(b"", bytes([6]) * 16),
    window="2026-12-01/",
    justification="FOLLOW_UP",
    case=CASE,
    revision=REVISION,
    ruleset=RULESET,
    decided_at=NOON,
    certificate=CERTIFICATE,
)
SECOND = replace(FIRST, index=4, decisions=(bytes([5]) * 16,))


@pytest.fixture
def log(wire):
    log = ReceiptedLog(CERTIFICATE)
    wire.answers |= log.answers()
    return log


@pytest.fixture
def kept(tmp_path, log):
    policy = Policy.parse(render_key(log.public), "", "")
    return Kept.of(tmp_path / "contexts.toml", "here", policy)


@pytest.fixture
def ask(session, kept):
    """Ask for places; put the answer on the list."""

    def ask(*areas):
        candidates = [check.Candidate(area=each) for each in areas or ("1480",)]
        question = session.question(
            CASE,
            candidates,
            window=Window(start_day=20_788),
            justification=check.JUSTIFICATION_FOLLOW_UP,
        )
        answer = session.check_placement(question)
        answered = Answered.of(question, answer, certificate=CERTIFICATE)
        kept.postpone(answered)
        return answered

    return ask


def test_everything_lies_beside_the_contexts(tmp_path, kept, log):
    """By the context's name and the log's key, so that no two are mixed."""
    stem = f"here-{log.public.key_id.hex()}"

    assert kept.folder == tmp_path / "log" / stem
    assert kept.view.path == tmp_path / "log" / f"{stem}.checkpoint"
    assert kept.path(FIRST.decisions[0]) == (
        tmp_path / "log" / stem / "receipts" / f"{'01' * 16}.tlog-proof"
    )
    assert (kept.pending(), kept.paths()) == ((), ())


def test_answers_wait_in_order(kept):
    """In a file for the owner alone, in its documented form."""
    kept.postpone(FIRST)
    kept.postpone(SECOND)
    path = kept.folder / "pending.json"

    assert kept.pending() == (FIRST, SECOND)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_bytes())["pending"][0] == {
        "index": 3,
        "request": "08" * 16,
        "decisions": ["01" * 16, "02" * 16],
        "verdicts": [1, 4],
        "valid_until": [NOON + HOURS_72, NOON],
        "areas": ["1480", "0180"],
        "facilities": ["", "06" * 16],
        "window": "2026-12-01/",
        "justification": "FOLLOW_UP",
        "case": CASE.hex(),
        "revision": REVISION,
        "ruleset": RULESET,
        "decided_at": NOON,
        "certificate": CERTIFICATE.hex(),
        "action": "CHECK",
        "objects": [],
    }


def row(**changes):
    good = {
        "index": 3,
        "request": "08" * 16,
        "decisions": ["01" * 16],
        "verdicts": [1],
        "valid_until": [NOON],
        "areas": ["1480"],
        "facilities": [],
        "window": "2026-12-01/",
        "justification": "PLANNED",
        "case": CASE.hex(),
        "revision": 8,
        "ruleset": RULESET,
        "decided_at": NOON,
        "certificate": CERTIFICATE.hex(),
    }
    return json.dumps({"pending": [good | changes]})


DAMAGED = {
    "empty": "",
    "cut off": '{"pending": [',
    "no UTF-8": b"\xff",
    "another shape": "[]",
    "no list": '{"pending": 7}',
    "no rows": '{"pending": [7]}',
    "nested": "[" * 100_000,
    "a key missing": '{"pending": [{}]}',
    "a key too many": row(more=1),
    "a number as text": row(index="3"),
    "a number too large": row(revision=1 << 64),
    "a negative number": row(decided_at=-1),
    "a truth": row(verdicts=[True]),
    "a time as text": row(valid_until=["1"]),
    "no id": row(request=7),
    "no hex": row(case="zz"),
    "hex in capitals": row(certificate=CERTIFICATE.hex().upper() + "AA"),
    "no decision": row(decisions=[]),
    "an area as number": row(areas=[1480]),
    "a text as list": row(ruleset=["a"]),
    "an action as number": row(action=1),
    "an object that is no id": row(objects=[7]),
    "objects as text": row(objects=""),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_list_is_never_begun_anew(kept, content):
    """An answer on it would be forgotten."""
    kept.postpone(FIRST)
    path = kept.folder / "pending.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes()
    for attempt in (kept.pending, kept.require_sound, lambda: kept.postpone(SECOND)):
        with pytest.raises(TamperedError) as caught:
            attempt()

        assert str(path) in caught.value.notes[0]
    assert path.read_bytes() == before


def test_a_row_of_the_right_form_is_read(kept):
    """The rows above are refused for what was changed in them."""
    kept.postpone(FIRST)
    (kept.folder / "pending.json").write_text(row())
    (got,) = kept.pending()

    assert (got.index, got.action, got.objects) == (3, "CHECK", ())


def test_what_was_done_to_a_placement_waits_too(kept):
    """What was asked for, and the placement, come back as they were."""
    moved = replace(FIRST, action="PLACEMENT_MOVE", objects=(bytes(16), CASE), areas=())
    kept.postpone(moved)

    assert kept.pending() == (moved,)


def test_a_receipt_is_kept_and_its_answer_leaves_the_list(session, kept, log, ask):
    """The others wait on."""
    first, second = ask("1480"), ask("0180")
    got = kept.settle(session.logs, first)

    assert kept.pending() == (second,)
    assert kept.paths() == (kept.path(first.decisions[0]),)
    assert kept.read(kept.paths()[0]) == got
    assert stat.S_IMODE(kept.paths()[0].stat().st_mode) == 0o600


def test_an_answer_whose_receipt_is_refused_stays_on_the_list(session, kept, log, ask):
    """It is kept as an open question, and the receipt is not kept at all."""
    log.on_entry = lambda entry: replace(entry, revision=0)
    answered = ask()
    with pytest.raises(TamperedError):
        kept.settle(session.logs, answered)

    assert kept.pending() == (answered,)
    assert kept.paths() == ()


def test_a_receipt_is_found_by_any_of_its_decisions(session, kept, log, ask):
    """Only the first is in its name."""
    log.words = ("CLEAR", "REVIEW")
    first, second = ask("1480", "0180"), ask("1280", "1281")
    for each in (first, second):
        kept.settle(session.logs, each)
    for each in (first, second):
        for decision in each.decisions:
            assert kept.find(decision).decisions == each.decisions

    with pytest.raises(NotFoundError):
        kept.find(bytes(16))


def test_every_altered_byte_of_a_receipt_is_found(session, kept, ask):
    """Cut off, replaced, or under another name; the file is named, and stays."""
    kept.settle(session.logs, ask())
    (path,) = kept.paths()
    content = path.read_bytes()
    altered = [content[:place] for place in range(len(content))]
    altered += [
        content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        for place in range(len(content))
    ]
    for each in altered:
        path.write_bytes(each)
        with pytest.raises(TamperedError) as caught:
            kept.read(path)

        assert str(path) in caught.value.notes[0]
    other = kept.path(bytes(16))
    other.write_bytes(content)
    with pytest.raises(TamperedError):
        kept.read(other)


def test_a_receipt_with_erased_details_has_no_name(session, kept, log, ask):
    """It verifies, and is nobody's decision any more."""
    answered = ask()
    kept.settle(session.logs, answered)
    path = kept.path(answered.decisions[0])
    receipt = kept.read(path)
    entry, _ = log.held[answered.index]
    extra = len(entry).to_bytes(4, "big") + entry + bytes(4)
    path.write_bytes(render(replace(receipt.proof, extra=extra)))

    assert read_receipt(path, kept.view.policy.signed).decisions == ()
    with pytest.raises(TamperedError):
        kept.read(path)


def test_a_file_that_is_not_there_is_not_found(tmp_path, kept):
    """Nothing is guessed."""
    with pytest.raises(NotFoundError):
        read_receipt(tmp_path / "nothing", kept.view.policy.signed)


def test_soundness_is_known_before_anything_is_asked(tmp_path, kept, log):
    """View and list can be read and written, or it is said."""
    kept.require_sound()
    kept.view.path.write_bytes(b"damaged")
    with pytest.raises(TamperedError):
        kept.require_sound()
    (tmp_path / "file").touch()
    elsewhere = Kept.of(tmp_path / "file" / "c.toml", "here", kept.view.policy)
    with pytest.raises(UnavailableError):
        elsewhere.require_sound()


# Against the newest checkpoint


@pytest.fixture
def recheck(kept, session):
    return Recheck(kept.view, session.logs)


def test_the_newest_checkpoint_moves_the_view(recheck, kept, log):
    """It begins with all that was seen before."""
    recheck.newest()
    log.grow(4)
    got = recheck.newest()

    assert got == kept.view.newest() == log.checkpoint(7)


def test_the_newest_checkpoint_waits_for_pinned_witnesses(session, kept, log, wire):
    """Others do not count."""
    keys = render_key(A.public)
    policy = Policy.parse(render_key(log.public), keys, "1")
    log.cosigned = (witness("b.example"),)
    recheck = Recheck(replace(kept.view, policy=policy), session.logs)
    with pytest.raises(NotFoundError):
        recheck.newest()
    log.cosigned = (A,)

    assert recheck.newest() == log.checkpoint()
    assert [each.cosignatures for each in wire.requests("GetCheckpoint")] == [1, 1]


def test_a_size_is_proven_once(recheck, kept, log, wire):
    """And a second root of that size is refused without asking."""
    recheck.newest()
    for _ in range(3):
        recheck.require(log.checkpoint(2))
    with pytest.raises(TamperedError):
        recheck.require(log.forked(1, 2).checkpoint())

    assert len(wire.requests("ProveConsistency")) == 1


def test_a_hidden_entry_is_told_from_one_that_waits(recheck, kept, log, ask, wire):
    """Only a log that has grown past an entry can hide it."""
    answered = ask()
    recheck.require_shown(answered.index)  # it is shown
    del log.held[answered.index]
    log.published = answered.index
    recheck.require_shown(answered.index)  # no checkpoint holds it
    recheck.newest()
    recheck.require_shown(answered.index)  # nor the one that was seen
    log.published = None
    for _ in range(2):  # first none was seen that holds it, then one was
        with pytest.raises(TamperedError) as caught:
            recheck.require_shown(answered.index)
        recheck.newest()

        assert "does not show it" in caught.value.notes[0]
    wire.answers["GetReceipt"] = RefusalError(grpc.StatusCode.UNAVAILABLE)
    with pytest.raises(UnavailableError):
        recheck.require_shown(answered.index)


def test_only_the_logs_own_word_makes_an_entry_a_hidden_one(recheck, log, ask, wire):
    """A checkpoint too small accuses nobody, and one that it did not sign convinces."""
    answered = ask()
    log.held.clear()
    small = wire_log.GetCheckpointResponse(note=log.note(answered.index))
    wire.answers["GetCheckpoint"] = small
    recheck.require_shown(answered.index)
    forged = wire_log.GetCheckpointResponse(note=log.note().replace(b"4", b"5", 1))
    wire.answers["GetCheckpoint"] = forged
    with pytest.raises(TamperedError):
        recheck.require_shown(answered.index)

    assert {each.least_size for each in wire.requests("GetCheckpoint")} == {4}


def test_a_log_that_cannot_be_reached_hides_nothing(recheck, log, ask, wire):
    """It is what it is."""
    answered = ask()
    log.held.clear()
    wire.answers["GetCheckpoint"] = RefusalError(grpc.StatusCode.UNAVAILABLE)
    with pytest.raises(UnavailableError):
        recheck.require_shown(answered.index)
