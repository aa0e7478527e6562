"""The log proves itself step by step, against what this client knows."""

import grpc
import pytest
from kit.signed_log import ORIGIN, SignedLog
from placement_client.log_steps import STEPS, Inspection
from placement_client.steps import Result
from placement_client.trust import LogView, Policy

from placement.api.v1 import log_service_pb2 as wire
from placement.audit import note as notes
from placement.audit.merkle import inclusion_proof
from placement.audit.note import Signer, render_key
from placement.crypto.signing import SigningKey
from placement.errors import NotFoundError, TamperedError, UnavailableError

WITNESS = Signer("witness.test/a", SigningKey(bytes([5]) * 32), 1)
SIZES = (0, 1, 2, 5, 9, 17, 40, 41)


class Ended(grpc.RpcError):
    """How a call of a server ended that found its data changed."""

    def code(self):
        """Return the status."""
        return grpc.StatusCode.DATA_LOSS


class Service:
    """Answers for a log as an honest service does, until a test changes it."""

    def __init__(self, size=41, published=SIZES):
        self.log = SignedLog(size)
        self.published = published
        self.asked = []
        self.cosigned = published[-3] if len(published) > 2 else 0

    def checkpoint(self, *, cosignatures=0, least_size=0):
        if not cosignatures:
            return self.note(self.published[-1])
        return notes.render(notes.add(notes.parse(self.note(self.cosigned)), WITNESS))

    def checkpoints(self, least_size, count):
        self.asked.append(least_size)
        fitting = [each for each in self.published if each >= least_size]
        return [self.note(each) for each in fitting[:count]]

    def consistency(self, old_size, new_size):
        return self.log.prove(old_size, new_size)

    def inclusion(self, index, size):
        return wire.ProveInclusionResponse(
            leaf_hash=self.log.leaves[index],
            hashes=inclusion_proof(index, size, self.log.subtree),
        )

    def note(self, size):
        return self.log.note(size)


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def view(tmp_path, service):
    policy = Policy.parse(render_key(service.log.public), "", "")
    return LogView(tmp_path / "log" / "here.checkpoint", policy)


@pytest.fixture
def demanding(view):
    """Demand a witness."""
    keys = render_key(view.policy.log), render_key(WITNESS.public)
    return LogView(view.path, Policy.parse(*keys, "1"))


def inspected(service, view, earlier=4, sample=3, **changes):
    """Return the steps by name."""
    inspection = Inspection(service, view, earlier=earlier, sample=sample, **changes)
    found = list(inspection.steps())

    assert tuple(each.name for each in found) == STEPS
    return {each.name: each for each in found}


def results(service, view, **changes):
    """Return how the steps went, those that went well left out."""
    found = {n: each.result for n, each in inspected(service, view, **changes).items()}
    return {name: each.name for name, each in found.items() if each is not Result.OK}


def refuse(service, method, error):
    """Let a method refuse."""

    def refusing(*_, **__):
        raise error

    setattr(service, method, refusing)


def test_an_honest_log_verifies(service, demanding):
    """Every step, and what was seen is remembered."""
    steps = inspected(service, demanding)

    assert {each.result for each in steps.values()} == {Result.OK}
    assert [each.sentence for each in steps.values()] == [
        f"The key of {ORIGIN} is pinned.",
        "The log signed 41 entries.",
        "Cosigned at 17 entries by witness.test/a.",
        "Nothing was seen before; from now on this checkpoint is.",
        "5 checkpoints continue one another.",
        "3 leaves drawn at random stand in the log.",
    ]
    assert demanding.newest().size == 17
    assert inspected(service, demanding)["history"].sentence == (
        "The log continues what was seen before, at 17 entries."
    )


def test_without_a_pinned_key_nothing_is_looked_at(service):
    """There is nobody whose word would count."""
    others = dict.fromkeys(STEPS[1:], "SKIPPED")

    assert results(service, None) == {"pinned keys": "FAILED", **others}


def test_without_a_quorum_no_witness_is_counted(service, view):
    """The newest checkpoint of all is remembered."""
    assert results(service, view) == {"witnesses": "SKIPPED"}
    assert view.newest().size == 41


def test_another_log_is_refused(service, view):
    """Its key is not the one that is pinned."""
    service.log.key = SigningKey(bytes([7]) * 32)
    others = dict.fromkeys(STEPS[2:], "SKIPPED")

    assert results(service, view) == {"newest checkpoint": "FAILED", **others}


def test_a_log_without_an_entry_is_told(service, view):
    """A person must look: nobody who has seen nothing can tell more."""
    refuse(service, "checkpoint", NotFoundError())
    step = inspected(service, view)["newest checkpoint"]
    others = dict.fromkeys(STEPS[2:], "SKIPPED")

    assert step.sentence == (
        "The log has no entry yet, so it has signed nothing: verify it later."
    )
    assert results(service, view) == {"newest checkpoint": "WARNING", **others}


def test_a_log_that_lost_its_entries_is_refused(service, view):
    """This context has seen some."""
    results(service, view)
    refuse(service, "checkpoint", NotFoundError())
    step = inspected(service, view)["newest checkpoint"]

    assert (step.result, step.sentence) == (
        Result.FAILED,
        "The log says that it has no entry, and this context has seen it with 41.",
    )


def test_what_was_seen_of_an_empty_log_may_be_damaged(service, view):
    """Then nobody can tell a new log from an emptied one."""
    view.path.parent.mkdir()
    view.path.write_bytes(b"garbage")
    refuse(service, "checkpoint", NotFoundError())
    step = inspected(service, view)["newest checkpoint"]

    assert step.result is Result.FAILED
    assert "is damaged" in step.sentence


@pytest.mark.parametrize(
    ("method", "step"),
    [
        ("checkpoint", "newest checkpoint"),
        ("consistency", "history"),
        ("checkpoints", "earlier checkpoints"),
        ("inclusion", "leaves"),
    ],
)
def test_a_service_that_condemns_itself_is_told_from_a_forger(
    service, view, method, step
):
    """It did not send what does not verify: it says so of what it has stored."""
    service.published = SIZES[:-1]
    results(service, view)
    service.published = SIZES
    error = TamperedError().because("incident 4f6c")
    error.__cause__ = Ended()
    refuse(service, method, error)

    assert inspected(service, view)[step].sentence == (
        "The service says that its stored data does not verify (incident 4f6c)."
    )


def test_a_log_that_too_few_cosigned_is_told(service, demanding):
    """And nothing of it is remembered."""
    service.cosigned = 17
    honest = service.checkpoint

    def checkpoint(*, cosignatures=0, least_size=0):
        if cosignatures:
            raise NotFoundError
        return honest()

    service.checkpoint = checkpoint
    steps = inspected(service, demanding)

    assert steps["witnesses"].sentence == (
        "No checkpoint was cosigned by as many witnesses as must have."
    )
    assert steps["history"].result is Result.SKIPPED
    assert demanding.newest() is None


def test_a_service_that_counts_wrongly_is_refused(service, demanding):
    """The client counts the witnesses that it knows."""
    service.checkpoint = lambda **_: service.note(41)

    assert results(service, demanding) == {
        "witnesses": "FAILED",
        "history": "SKIPPED",
    }


def test_another_history_is_refused(service, view):
    """What was seen stays what counts."""
    results(service, view)
    service.log = service.log.fork(20, 41)
    got = inspected(service, view)

    assert got["history"].result is Result.FAILED
    assert "another history" in got["history"].sentence


def test_checkpoints_that_fork_are_refused(service, view):
    """An earlier one that the newest does not begin with."""
    other = service.log.fork(3, 41)
    honest = service.note
    service.note = lambda size: other.note(size) if size == 17 else honest(size)

    assert results(service, view)["earlier checkpoints"] == "FAILED"


def test_two_roots_of_one_size_are_refused(service, view):
    """Both signed."""
    other = service.log.fork(3, 41)
    service.checkpoints = lambda *_: [service.note(40), other.note(41)]
    step = inspected(service, view)["earlier checkpoints"]

    assert step.sentence == "The log signed two roots of one size."


@pytest.mark.parametrize(
    "sizes", [(40, 17), (17, 17), (1, 40)], ids=["order", "twice", "too small"]
)
def test_a_list_that_was_not_asked_for_is_refused(service, view, sizes):
    """Out of order, twice, or smaller than asked for."""
    service.checkpoints = lambda *_: [service.note(each) for each in sizes]
    step = inspected(service, view)["earlier checkpoints"]

    assert step.sentence == "The log lists checkpoints that it was not asked for."


def test_it_looks_back_until_there_are_enough(service, view):
    """Twice as far each time."""
    inspected(service, view, earlier=4)

    assert service.asked == [37, 33, 25, 9, 0]


def test_it_looks_back_to_the_beginning(service, view):
    """If there are not as many."""
    steps = inspected(service, view, earlier=50)

    assert service.asked == [0]
    assert (
        steps["earlier checkpoints"].sentence == "8 checkpoints continue one another."
    )


def test_nothing_earlier_may_be_asked_for(service, view):
    """Nor any leaf."""
    steps = inspected(service, view, earlier=0, sample=0)

    assert service.asked == []
    assert (
        steps["earlier checkpoints"].sentence == "There is no earlier one to compare."
    )
    assert steps["leaves"].result is Result.SKIPPED


def test_what_the_log_signed_it_must_prove(service, view):
    """To have forgotten is a failure."""
    refuse(service, "consistency", NotFoundError())
    refuse(service, "inclusion", NotFoundError())

    assert results(service, view) == {
        "witnesses": "SKIPPED",
        "earlier checkpoints": "FAILED",
        "leaves": "FAILED",
    }


def test_a_leaf_elsewhere_is_refused(service, view):
    """Its proof leads to another root."""
    honest = service.inclusion
    service.inclusion = lambda index, size: honest(index ^ 1, size)

    assert results(service, view, draw=lambda _: 4)["leaves"] == "FAILED"


def test_an_empty_log_verifies(tmp_path):
    """There is no leaf to draw."""
    service = Service(0, (0,))
    policy = Policy.parse(render_key(service.log.public), "", "")
    view = LogView(tmp_path / "log" / "here.checkpoint", policy)

    assert results(service, view) == {"witnesses": "SKIPPED", "leaves": "SKIPPED"}


def test_a_service_that_does_not_answer_has_not_failed(service, view):
    """Nobody knows, so no step says so."""
    refuse(service, "inclusion", UnavailableError())
    with pytest.raises(UnavailableError):
        inspected(service, view)
