"""Whose word about the log counts, and that a view of it never moves back."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from kit.receipted import witness
from kit.signed_log import ORIGIN, SignedLog
from placement_client import locks
from placement_client.trust import LogView, Policy, keep, locked, read_kept

from placement.audit import note
from placement.audit.checkpoint import Checkpoint
from placement.audit.note import Signature, Signer, render_key
from placement.crypto.signing import SigningKey
from placement.errors import (
    InvalidInputError,
    NotFoundError,
    TamperedError,
    UnavailableError,
)

A, B, C = map(witness, ("a.example", "b.example", "c.example"))
STRANGER = Signer("example.org/lag", SigningKey(b"s" * 32))


def text(*signers):
    return " ".join(render_key(each.public) for each in signers)


def policy(log, *witnesses, quorum=0):
    return Policy.parse(render_key(log.public), text(*witnesses), str(quorum))


def signed(content, *signers):
    """Return a note with signatures more."""
    found = note.parse(content)
    for each in signers:
        found = note.add(found, each)
    return note.render(found)


def forgotten(old, new):
    """Know nothing of such sizes, as a log does that was rolled back."""
    raise NotFoundError


@pytest.fixture
def log():
    return SignedLog(7)


@pytest.fixture
def view(tmp_path, log):
    return LogView(tmp_path / "log" / "here-00.checkpoint", policy(log))


# Policy


def test_without_a_log_there_is_no_policy():
    """And witnesses alone would be no policy at all, so they are refused."""
    assert Policy.parse("", "", "") is None
    for witnesses, quorum in ((text(A), ""), ("", "0"), (text(A), "1")):
        with pytest.raises(InvalidInputError) as caught:
            Policy.parse("", witnesses, quorum)

        assert caught.value.field == "log_key"


def test_a_policy_is_read(log):
    """The log's key by its kind, the witnesses by theirs, and how many of them."""
    got = Policy.parse(render_key(log.public), f" {text(A)}  {text(B)} ", "2")

    assert (got.log, got.witnesses, got.quorum) == (log.public, (A.public, B.public), 2)
    assert (
        policy(log).quorum == Policy.parse(render_key(log.public), "", "").quorum == 0
    )


TWIN = Signer("twin.example", A.key, time=7)
NAMESAKE = Signer(A.name, B.key, time=7)


@pytest.mark.parametrize(
    ("log_key", "witnesses", "quorum", "field"),
    [
        ("nonsense", "", "", "log_key"),
        (text(A), "", "", "log_key"),
        (f"{text(STRANGER)} {text(STRANGER)}", "", "", "log_key"),
        (text(STRANGER), "nonsense", "", "witnesses"),
        (text(STRANGER), text(STRANGER), "", "witnesses"),
        (text(STRANGER), text(A, A), "", "witnesses"),
        (text(STRANGER), text(A, TWIN), "", "witnesses"),
        (text(STRANGER), text(A, NAMESAKE), "", "witnesses"),
        (text(STRANGER), text(Signer("w", STRANGER.key, time=7)), "", "witnesses"),
        (text(STRANGER), text(A), "2", "quorum"),
        (text(STRANGER), "", "1", "quorum"),
        (text(STRANGER), text(A), "01", "quorum"),
        (text(STRANGER), text(A), "-1", "quorum"),
        (text(STRANGER), text(A), "\u0661", "quorum"),
        (text(STRANGER), text(A), "1000", "quorum"),
    ],
)
def test_what_is_no_policy_is_refused(log_key, witnesses, quorum, field):
    """A typing error must not weaken what was pinned."""
    with pytest.raises(InvalidInputError) as caught:
        Policy.parse(log_key, witnesses, quorum)

    assert caught.value.field == field


def test_the_log_alone_signs_for_itself(log):
    """Neither a stranger nor any number of witnesses does."""
    content = log.note()
    unsigned = note.parse(content).text
    by_others = note.render(note.add(note.sign(unsigned, A), STRANGER))

    assert policy(log).checkpoint(content) == log.checkpoint()
    assert policy(log).checkpoint(signed(content, STRANGER)) == log.checkpoint()
    with pytest.raises(TamperedError):
        policy(log, A).checkpoint(by_others)


def test_another_origin_under_the_logs_key_is_refused(log):
    """A key speaks for the log of its name alone."""
    other = Checkpoint("example.org/lag", 7, log.checkpoint().root)
    content = note.render(note.sign(other.text(), Signer(ORIGIN, log.key)))

    with pytest.raises(TamperedError):
        policy(log).signed(content)


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"text\n", b"a\n\n\xe2\x80\x94 n AAAAAAA=\n"]
)
def test_what_is_no_note_is_refused(log, content):
    """Whatever came instead."""
    for method in (policy(log).signed, policy(log).cosigners, policy(log).checkpoint):
        with pytest.raises(TamperedError):
            method(content)


def test_witnesses_count_once_each(log):
    """A second signature of one, a stranger's, or the log's own is no second witness."""
    demanding = policy(log, A, B, C, quorum=2)
    later = Signer(A.name, A.key, time=A.time + 1)
    twice = signed(log.note(), A, later, STRANGER, Signer(ORIGIN, log.key))
    both = signed(log.note(), B, A)

    assert demanding.cosigners(twice) == (A.name,)
    assert demanding.cosigners(both) == (A.name, B.name)
    assert demanding.checkpoint(both) == log.checkpoint()
    demanding.require_enough(both)
    with pytest.raises(TamperedError):
        demanding.checkpoint(twice)
    with pytest.raises(NotFoundError):
        demanding.require_enough(twice)


def test_a_bad_cosignature_of_a_pinned_witness_refuses_the_note(log):
    """Even where nobody needs it."""
    forged = Signature(A.name, A.public.key_id, A.sign(b"another text\n"))
    found = note.parse(log.note())
    content = note.render(note.Note(found.text, (*found.signatures, forged)))

    assert policy(log).checkpoint(content) == log.checkpoint()
    with pytest.raises(TamperedError):
        policy(log, A).checkpoint(content)


# View


def test_the_first_checkpoint_is_kept(view, log):
    """The whole note, for the owner alone, under a folder of the owner's."""
    empty = view.newest()
    got = view.advance(log.note(4), forgotten)

    assert empty is None
    assert got == view.newest() == log.checkpoint(4)
    assert view.path.read_bytes() == log.note(4)
    assert stat.S_IMODE(view.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(view.path.parent.stat().st_mode) == 0o700


def test_a_view_moves_forward_alone(view, log):
    """From any size to any later one; an earlier one is proven and forgotten."""
    for size in (0, 1, 3, 7):
        view.advance(log.note(size), log.prove)

        assert view.newest() == log.checkpoint(size)

    for size in (0, 1, 3, 7):
        got = view.advance(log.note(size), log.prove)

        assert got == log.checkpoint(size)
        assert view.newest() == log.checkpoint(7)


def test_what_needs_no_proof_asks_for_none(view, log):
    """Equal sizes, and the empty log."""
    view.advance(log.note(0), forgotten)
    view.advance(log.note(3), forgotten)
    view.advance(log.note(3), forgotten)
    view.advance(log.note(0), forgotten)

    assert view.newest() == log.checkpoint(3)


@pytest.mark.parametrize("size", [2, 3, 5, 7])
def test_a_rollback_is_caught_on_the_next_call(view, log, size):
    """A log that was put back to an older copy, and grew again, or did not."""
    view.advance(log.note(5), log.prove)
    back = log.fork(2, size)

    for prove in (back.prove, lambda _old, _new: (), forgotten):
        if size < 5 and prove == back.prove:
            continue  # it has not so many leaves
        with pytest.raises(TamperedError) as caught:
            view.advance(back.note(), prove)

        assert "another history" in caught.value.notes[0]
    assert view.newest() == log.checkpoint(5)


def test_a_smaller_checkpoint_needs_the_log_to_know_the_larger(view, log):
    """Alone it may come from a server that lags; a log that forgot can't prove."""
    view.advance(log.note(7), log.prove)
    view.advance(log.note(4), log.prove)
    with pytest.raises(TamperedError):
        view.advance(log.note(4), forgotten)


def test_two_histories_under_one_key_are_caught(tmp_path, log):
    """Whichever of the two a client saw first, of whatever sizes."""
    other = log.fork(3, 9)
    for number, (first, second) in enumerate(((log, other), (other, log))):
        for old in (4, 7):
            for new in (4, 5, 7):
                path = tmp_path / f"{number}-{old}-{new}" / "x"
                view = LogView(path, policy(log))
                view.advance(first.note(old), first.prove)
                for prove in (first.prove, second.prove):
                    with pytest.raises(TamperedError):
                        view.advance(second.note(new), prove)
                    with pytest.raises(TamperedError):
                        view.require(second.checkpoint(new), prove)

                assert view.newest() == first.checkpoint(old)


def test_what_the_policy_refuses_moves_nothing(view, log):
    """A stranger's checkpoint, and one without its witnesses."""
    view.advance(log.note(4), log.prove)
    stranger = SignedLog(7, seed=b"s" * 32)
    demanding = LogView(view.path, policy(log, A, quorum=1))

    with pytest.raises(TamperedError):
        view.advance(stranger.note(), log.prove)
    with pytest.raises(TamperedError):
        demanding.advance(log.note(), log.prove)
    assert view.newest() == log.checkpoint(4)
    assert demanding.advance(signed(log.note(), A), log.prove) == log.checkpoint()


def test_a_view_can_be_asked_without_moving(view, log):
    """Nothing seen refuses nothing; then both directions are proven."""
    view.require(log.checkpoint(4), forgotten)
    view.advance(log.note(4), log.prove)
    for size in (2, 4, 7):
        view.require(log.checkpoint(size), log.prove)

    assert view.newest() == log.checkpoint(4)


def test_no_answer_is_no_proof_of_anything(view, log):
    """What can't be had now moves nothing, and accuses nobody."""

    def silent(_old, _new):
        raise UnavailableError

    view.advance(log.note(4), log.prove)
    with pytest.raises(UnavailableError):
        view.advance(log.note(7), silent)
    with pytest.raises(UnavailableError):
        view.require(log.checkpoint(2), silent)
    assert view.newest() == log.checkpoint(4)


def test_every_altered_byte_of_the_file_is_found(view, log):
    """Cut off, replaced, or another log's: it is an error, and never begun anew."""
    view.advance(log.note(4), log.prove)
    content = view.path.read_bytes()
    altered = [content[:place] for place in range(len(content))]
    altered += [
        content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        for place in range(len(content))
    ]
    altered.append(SignedLog(4, seed=b"s" * 32).note())
    for each in altered:
        view.path.write_bytes(each)
        with pytest.raises(TamperedError) as caught:
            view.advance(log.note(7), log.prove)

        assert f"{view.path} is damaged" in caught.value.notes[0]
        assert view.path.read_bytes() == each


def test_runs_beside_one_another_never_move_it_back(view):
    """Many at once, in any order: the newest stays."""
    log = SignedLog(40)
    sizes = [*range(1, 41), *range(40, 0, -1)]

    def prove(old, new):
        return SignedLog(40).prove(old, new)

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda n: view.advance(log.note(n), prove).size, sizes))

    assert got == sizes
    assert view.newest() == log.checkpoint(40)


def test_a_slow_run_is_waited_for(view, log):
    """While one reads and writes, another can't come between."""
    view.advance(log.note(2), log.prove)
    asked, go = threading.Event(), threading.Event()

    def slow(old, new):
        asked.set()
        go.wait(10)
        return log.prove(old, new)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(view.advance, log.note(4), slow)
        asked.wait(10)
        second = pool.submit(view.advance, log.note(7), log.prove)
        waited = not second.done()
        go.set()
        sizes = (first.result().size, second.result().size)

    assert waited
    assert sizes == (4, 7)
    assert view.newest() == log.checkpoint(7)


# What is kept


def test_a_file_is_kept_without_locks_where_there_are_none(monkeypatch, view, log):
    """Then runs are not kept apart, and nothing else is different."""
    monkeypatch.setattr(locks, "_fcntl", None)
    monkeypatch.delattr("os.O_DIRECTORY")
    view.advance(log.note(4), log.prove)

    assert view.newest() == log.checkpoint(4)


def test_a_place_that_cannot_be_used_is_told(tmp_path):
    """With its path; nothing is begun elsewhere."""
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "x"
    for attempt in (
        lambda: keep(path, b""),
        lambda: read_kept(path),
        lambda: locked(path.parent).__enter__(),
    ):
        with pytest.raises(UnavailableError) as caught:
            attempt()

        assert str(tmp_path / "file") in caught.value.notes[0]
    assert read_kept(tmp_path / "nothing") is None


def test_what_is_kept_is_whole(tmp_path):
    """The new content stands in the place of the old, and nothing beside it."""
    path = tmp_path / "a" / "b"
    keep(path, b"old")
    keep(path, b"new")

    assert path.read_bytes() == b"new"
    assert [each.name for each in path.parent.iterdir()] == ["b"]
