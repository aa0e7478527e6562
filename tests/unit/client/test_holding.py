"""A coordinator's calls are held against what this client saw of the log before."""

import grpc
import pytest
from kit.receipted import witness
from kit.signed_log import SignedLog
from kit.wire import refusal
from placement_client.holding import FirstUse, Pinned, held_by, hold
from placement_client.trust import LogView, Policy

from placement.access import Role
from placement.api.v1 import registry_service_pb2 as registry
from placement.audit import note
from placement.audit.note import render_key
from placement.errors import NotFoundError, TamperedError, UnavailableError

A = witness("a.example")
LIST = ("change", "list")
NOTHING = refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


class Logs:
    """Answers about a log; counts what it is asked."""

    def __init__(self, log):
        self.log = log
        self.asked = []

    def checkpoint(self):
        self.asked.append("checkpoint")
        if self.log is None:
            raise NotFoundError
        return self.log.note()

    def consistency(self, old, new):
        self.asked.append("consistency")
        if new > len(self.log.leaves):
            raise NotFoundError
        return self.log.prove(old, new)


@pytest.fixture
def log():
    return SignedLog(7)


def pinned(tmp_path, log, *witnesses):
    texts = " ".join(render_key(each.public) for each in witnesses)
    quorum = str(len(witnesses))
    policy = Policy.parse(render_key(log.public), texts, quorum)
    return Pinned(LogView(tmp_path / "log" / "here.checkpoint", policy))


@pytest.fixture(params=["pinned", "unpinned"])
def view(request, tmp_path, log):
    if request.param == "pinned":
        return pinned(tmp_path, log)
    return FirstUse(tmp_path / "log" / "here-unpinned.checkpoint")


def test_the_first_is_kept_and_the_next_continues_it(view, log):
    """One call, and a proof where the log has grown."""
    logs = Logs(log)
    hold(view, logs)
    hold(view, logs)
    log.grow(3)
    hold(view, logs)

    assert view.newest().size == 10
    assert logs.asked == ["checkpoint", "checkpoint", "checkpoint", "consistency"]


def test_a_log_that_went_back_is_refused(view, log):
    """Also once it has grown past what was seen; what was seen stays."""
    hold(view, Logs(log))
    before = view.newest()
    older = SignedLog(5)
    fork = log.fork(5, 9)
    for other in (older, fork, log.fork(5, 7), None):
        with pytest.raises(TamperedError) as refused:
            hold(view, Logs(other))
        (told,) = refused.value.notes
        assert told.startswith("The log shows another history")

    assert view.newest() == before


def test_a_log_without_an_entry(view):
    """There is nothing to see, and nothing to refuse."""
    hold(view, Logs(None))

    assert view.newest() is None


def test_a_view_that_is_damaged(view, log, tmp_path):
    """It is never begun anew: nobody could tell a rollback then."""
    hold(view, Logs(log))
    (path,) = (tmp_path / "log").glob("*.checkpoint")
    path.write_bytes(b"damaged\n")
    with pytest.raises(TamperedError) as refused:
        hold(view, Logs(log))

    assert str(path) in refused.value.notes[0]


def test_another_log(view, log):
    """Under another name it is no continuation, whatever it holds."""
    hold(view, Logs(log))
    with pytest.raises(TamperedError):
        hold(view, Logs(SignedLog(9, origin="example.org/other")))


def test_a_forger_is_noticed_by_the_pinned_key_alone(tmp_path, log):
    """Without it the first checkpoint is believed."""
    forged = Logs(SignedLog(7, seed=b"f" * 32))
    hold(FirstUse(tmp_path / "unpinned.checkpoint"), forged)
    with pytest.raises(TamperedError):
        hold(pinned(tmp_path, log), forged)


def test_what_witnesses_have_not_seen_is_held_and_not_kept(tmp_path, log):
    """They come by when they do."""
    view = pinned(tmp_path, log, A)
    logs = Logs(log)
    hold(view, logs)
    unseen = view.newest()
    cosigned = note.render(note.add(note.parse(log.note()), A))
    view.hold(cosigned, logs.consistency)
    log.grow(2)
    hold(view, logs)
    with pytest.raises(TamperedError):
        hold(view, Logs(SignedLog(6)))

    assert unseen is None
    assert view.newest().size == 7


def test_no_proof_can_be_had_now(view, log):
    """That is no rollback: it is tried again."""
    logs = Logs(log)
    hold(view, logs)
    log.grow()

    def gone(_old, _new):
        raise UnavailableError

    logs.consistency = gone
    with pytest.raises(UnavailableError):
        hold(view, logs)


def test_whose_calls_are_held(cli, pki):
    """A coordinator's; others have receipts, or verify."""
    caseworkers = held_by(cli.path, "here", cli.profile)
    cli.become(pki.client(Role.COORDINATOR, "syd", "co-01"))
    unpinned = held_by(cli.path, "here", cli.profile)
    cli.become(
        pki.client(Role.COORDINATOR, "syd", "co-01"),
        log_key=render_key(SignedLog().public),
    )
    held = held_by(cli.path, "here", cli.profile)

    assert caseworkers is None
    assert unpinned == FirstUse(cli.path.parent / "log" / "here-unpinned.checkpoint")
    assert isinstance(held, Pinned)
    assert held.view.path.parent == cli.path.parent / "log"


# In every command


@pytest.fixture
def coordinator(cli, pki, wire):
    cli.become(pki.client(Role.COORDINATOR, "syd", "co-01"))
    wire.answers["ListChanges"] = registry.ListChangesResponse()
    return cli


@pytest.mark.parametrize("is_pinned", [True, False])
def test_a_database_that_was_put_back_is_noticed(
    coordinator, pki, wire, log, is_pinned
):
    """Before anything is asked of it; the exit code says that it does not verify."""
    if is_pinned:
        pair = pki.client(Role.COORDINATOR, "syd", "co-01")
        coordinator.become(pair, log_key=render_key(log.public))
    wire.answers.update(log.answers())
    first = coordinator(*LIST)
    wire.answers.update(SignedLog(5).answers())
    wire.answers["ProveConsistency"] = NOTHING
    wire.seen.clear()
    second = coordinator(*LIST)
    code, data = coordinator.json(*LIST)

    assert (first.exit_code, second.exit_code, code) == (0, 5, 5)
    assert "The log shows another history" in second.stderr
    assert data["error"]["reason"] == "TAMPERED"
    assert wire.requests("ListChanges") == []


def test_it_is_looked_at_once_a_command(coordinator, wire, log):
    """However many calls follow."""
    wire.answers.update(log.answers())
    wire.answers["ListGroups"] = registry.ListGroupsResponse()
    coordinator("group", "list")
    coordinator(*LIST)

    assert len(wire.requests("GetCheckpoint")) == 2


def test_a_caseworkers_commands_are_held_by_receipts(cli, wire):
    """Nothing more is asked."""
    cli("alert", "list")

    assert wire.requests("GetCheckpoint") == []
