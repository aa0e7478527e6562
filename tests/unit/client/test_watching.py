"""Watching alerts: for ever, nothing lost, and where it stopped is kept."""

import json
from itertools import islice

import grpc
import pytest
from kit.alarmed import brought, case_alert
from placement_client import locks
from placement_client.credentials import Holder
from placement_client.watching import LONGEST, TRIES, Connection, Place, watch

from placement.errors import (
    AccessDeniedError,
    BudgetError,
    CertificateError,
    InvalidInputError,
    PlacementError,
    StaleError,
    TamperedError,
    UnavailableError,
)

WHO = Holder("caseworker", "1480", "cw-01")


class Ended(grpc.RpcError):
    """A call that ended with a status."""

    def __init__(self, code):
        super().__init__()
        self._code = code

    def code(self):
        """Return the status."""
        return self._code


def gone(code=grpc.StatusCode.UNAVAILABLE):
    error = UnavailableError()
    error.__cause__ = Ended(code)
    return error


def over():
    return gone(grpc.StatusCode.DEADLINE_EXCEEDED)


def answer(number):
    return brought(case_alert(number))


class Server:
    """Answers streams of which each is a list of answers and errors."""

    def __init__(self, *streams):
        self._streams = iter(streams)
        self.tokens = []
        self.pauses = []
        self.told = []

    def opened(self, token):
        """Open the next stream."""
        self.tokens.append(token)
        for each in next(self._streams):
            if isinstance(each, Exception):
                raise each
            yield each

    def watch(self, count, token=b"", **how):
        """Take so many answers; return their tokens."""
        connection = Connection(
            opened=self.opened,
            sleep=self.pauses.append,
            lost=lambda: self.told.append("lost"),
            back=lambda: self.told.append("back"),
        )
        answers = islice(watch(connection, token, **how), count)
        return [each.resume_token for each in answers]


def test_it_goes_on_with_the_last_token():
    """Over streams that end, break, or go on behind another server."""
    server = Server(
        [answer(1), answer(2)],
        [answer(3), gone()],
        [StaleError()],
        [PlacementError()],
        [answer(4)],
    )

    assert server.watch(4, b"t0") == [b"t1", b"t2", b"t3", b"t4"]
    assert server.tokens == [b"t0", b"t2", b"t3", b"t3", b"t3"]
    assert server.told == ["lost", "back"]


def test_each_loss_is_told_once_and_so_is_its_end():
    """However many tries there were between them."""
    server = Server(
        [answer(1), gone()], *[[gone()]] * 4, [answer(2), gone()], [answer(3)]
    )
    server.watch(3)

    assert server.told == ["lost", "back", "lost", "back"]


def test_a_stream_that_lasted_as_long_as_one_may_goes_on_at_once():
    """Nobody is told, and nobody waits: an alert may be waiting."""
    server = Server([answer(1), over()], [over()], [answer(2)])

    assert server.watch(2) == [b"t1", b"t2"]
    assert server.told == []
    assert len(server.pauses) == 1


def test_waiting_grows_and_is_bounded():
    """And begins anew once the server has answered."""
    server = Server([answer(1)], *[[gone()]] * 12, [answer(2)], [gone()], [answer(3)])
    server.watch(3)
    grown, later = server.pauses[:13], server.pauses[13:]

    assert grown[0] <= 0.5
    assert all(LONGEST / 2 <= each <= LONGEST for each in grown[8:])
    assert LONGEST <= 5  # a server that is back is found within seconds
    assert later[0] <= 0.5


def test_a_server_that_never_answered_is_given_up():
    """Somebody typed another server's name."""
    server = Server(*[[gone()]] * 9)

    with pytest.raises(UnavailableError):
        server.watch(1)

    assert len(server.tokens) == TRIES


def test_a_server_that_gave_a_token_once_is_not_given_up():
    """Today's run may begin before the server does."""
    server = Server(*[[gone()]] * 9, [answer(2)])

    assert server.watch(1, b"t1") == [b"t2"]


def test_whoever_looks_once_does_not_wait_for_ever():
    """Not even for a server that has answered."""
    server = Server([answer(1), gone()], *[[gone()]] * 9)

    with pytest.raises(UnavailableError):
        server.watch(2, b"t0", once=True)

    assert len(server.tokens) == TRIES


@pytest.mark.parametrize(
    "refused",
    [
        AccessDeniedError(),
        CertificateError(),
        BudgetError(),
        TamperedError(),
        InvalidInputError("resume_token", "is not yours"),
    ],
    ids=lambda error: error.reason,
)
def test_what_does_not_pass_ends_it(refused):
    """At once, whatever came before."""
    server = Server([answer(1), refused])

    with pytest.raises(type(refused)):
        server.watch(2)

    assert len(server.tokens) == 1


def test_an_answer_that_leads_nowhere_is_none():
    """Or the next stream would begin anew without a word."""
    with pytest.raises(TamperedError):
        Server([brought(case_alert(1), token=b"")]).watch(1)


# Where it is kept


def test_a_place_is_one_persons_under_one_context(tmp_path):
    """A renewed certificate is the same person's; nobody's name stands in it."""
    contexts = tmp_path / "contexts.toml"
    others = [
        ("here", Holder("coordinator", "1480", "cw-01")),
        ("here", Holder("caseworker", "1280", "cw-01")),
        ("here", Holder("caseworker", "1480", "cw-02")),
        ("there", WHO),
        ("here", None),
    ]
    own = Place.of(contexts, "here", WHO)
    paths = {Place.of(contexts, name, who).path for name, who in others}

    assert own == Place.of(contexts, "here", Holder("caseworker", "1480", "cw-01"))
    assert own.path.parent == tmp_path / "alerts"
    assert len(paths | {own.path}) == 6
    assert "cw-01" not in own.path.name


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "alerts" / "here.json")


def test_a_token_is_kept_for_its_owner_alone(place):
    """And read as it was; before the first there is none."""
    before = place.read()
    place.write(b"old")
    place.write(b"\x00t")

    assert (before, place.read()) == (b"", b"\x00t")
    assert place.path.stat().st_mode & 0o777 == 0o600
    assert place.path.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in place.path.parent.iterdir()] == ["here.json"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "7",
        "\xff",
        "[" * 100_000,
        json.dumps({"resume_token": ""}) + "\n",
        json.dumps({"resume_token": "0g"}) + "\n",
        json.dumps({"resume_token": 7}) + "\n",
        json.dumps({"resume_token": "00"}),
        json.dumps({"resume_token": "00", "more": 1}) + "\n",
    ],
    ids=range(11),
)
def test_a_file_of_another_kind_is_refused(place, content):
    """It is never begun anew without a word: alerts would be shown to nobody."""
    place.path.parent.mkdir()
    place.path.write_text(content, "latin-1")

    with pytest.raises(InvalidInputError) as caught:
        place.read()

    assert caught.value.field == "resume_token"
    assert place.path.read_text("latin-1") == content


def test_a_file_that_cannot_be_used_is_told(place):
    """A folder in its place."""
    place.path.mkdir(parents=True)
    with pytest.raises(UnavailableError):
        place.read()
    with pytest.raises(UnavailableError):
        place.write(b"t")


def test_one_run_at_a_time_holds_a_place(place):
    """The other would miss what this one shows; afterwards it may."""
    other = Place(place.path)
    with place.held():
        with pytest.raises(InvalidInputError) as caught, other.held():
            pass
        with Place(place.path.with_name("there.json")).held():
            pass
    with other.held():
        pass

    assert caught.value.field == "alerts"


def test_a_folder_that_cannot_be_used_is_told(place):
    """A file in its place."""
    place.path.parent.write_text("mine")
    with pytest.raises(UnavailableError) as caught, place.held():
        pass

    assert "can't be written to" in caught.value.notes[0]


def test_a_machine_without_locks_watches_all_the_same(place, monkeypatch):
    """There, people see to it themselves."""
    monkeypatch.setattr(locks, "_fcntl", None)
    with place.held(), Place(place.path).held():
        place.write(b"t")

    assert place.read() == b"t"
