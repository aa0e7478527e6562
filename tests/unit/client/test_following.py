"""Following the log: nothing is lost, nothing comes twice, and it goes on by itself."""

import json
from itertools import islice

import grpc
import pytest
from kit.access_log import idle_entry, log_entry
from placement_client.following import LONGEST, Mark, follow, lasting

from placement.api.v1.audit_service_pb2 import (
    EntryFilter,
    TailEntriesRequest,
    TailEntriesResponse,
)
from placement.errors import (
    AccessDeniedError,
    InvalidInputError,
    TamperedError,
    UnavailableError,
)


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


def answer(*indexes, token=None):
    name = b"t%d" % (indexes[-1] if indexes else 0) if token is None else token
    entries = [log_entry(index) for index in indexes]
    return TailEntriesResponse(entries=entries, resume_token=name)


def test_idle_entries_of_a_whole_range_are_held_and_not_shown():
    """A gap beside them is one all the same."""
    whole = EntryFilter(first_index=3)
    sent = answer(3, 6)
    sent.entries.extend([idle_entry(4), idle_entry(5)])
    sent.entries.sort(key=lambda each: each.index)
    (got,) = Server([sent]).follow(1, asked=whole)
    sent.entries.pop(1)

    assert [each.index for each in got.entries] == [3, 6]
    assert (got.after.covered, got.mark(2)) == (6, got.after)
    with pytest.raises(TamperedError):
        Server([sent]).follow(1, asked=whole)


class Server:
    """Answers streams of which each is a list of answers and errors."""

    def __init__(self, *streams):
        self._streams = iter(streams)
        self.tokens = []
        self.pauses = []
        self.breaks = 0

    def tail(self, request):
        """Open the next stream."""
        self.tokens.append(request.resume_token)
        return self._answers(next(self._streams))

    @staticmethod
    def _answers(stream):
        for each in stream:
            if isinstance(each, Exception):
                raise each
            yield each

    def _broken(self):
        self.breaks += 1

    def follow(self, count, mark=None, asked=None):
        """Follow for so many answers; by itself of what may have any gap."""
        followed = follow(
            self.tail,
            TailEntriesRequest(filter=asked or EntryFilter(reference="SN 7")),
            mark or Mark(),
            sleep=self.pauses.append,
            broken=self._broken,
        )
        return list(islice(followed, count))

    def last(self, count):
        """Take so many answers of anything."""
        lasted = lasting(
            lambda: self.tail(TailEntriesRequest()),
            sleep=self.pauses.append,
            broken=self._broken,
        )
        return list(islice(lasted, count))


def indexes(answers):
    return [each.index for one in answers for each in one.entries]


def test_a_stream_that_ends_or_breaks_goes_on_with_its_token():
    """The last answer's token, whatever was sent behind it."""
    server = Server([answer(1, 2)], [answer(5), gone()], [answer(), answer(6)])
    followed = server.follow(4)

    assert indexes(followed) == [1, 2, 5, 6]
    assert server.tokens == [b"", b"t2", b"t5"]
    assert server.breaks == 1


@pytest.mark.parametrize("index", [1, 2])
def test_an_index_that_goes_back_is_refused(index):
    """Within a stream, and where it goes on."""
    for streams in ([[answer(2), answer(index)]], [[answer(2)], [answer(index)]]):
        with pytest.raises(TamperedError):
            Server(*streams).follow(2)


WHOLE = EntryFilter(first_index=3)


@pytest.mark.parametrize(
    "streams",
    [
        [[answer(3, 5)]],
        [[answer(3), answer(5)]],
        [[answer(3)], [answer(), answer(5)]],
        [[answer(2)]],
        [[answer(4)]],
        [[gone()], [answer(4)]],
    ],
    ids=[
        "within an answer",
        "between two",
        "between two streams",
        "before the first",
        "the first",
        "the first, once it answers",
    ],
)
def test_a_gap_in_what_is_whole_is_refused(streams):
    """A filter that selects everything leaves nothing out."""
    with pytest.raises(TamperedError):
        Server(*streams).follow(3, asked=WHOLE)


def test_a_gap_behind_a_mark_is_refused():
    """The next run goes on with the entry behind it; nobody knows before the first."""
    mark = Mark(token=b"t4", covered=4, shown=4)
    with pytest.raises(TamperedError):
        Server([answer(6)]).follow(1, mark, WHOLE)

    assert indexes(Server([answer(5, 6)]).follow(1, mark, WHOLE)) == [5, 6]
    assert indexes(Server([answer(8, 9)]).follow(1, Mark(token=b"t"), WHOLE)) == [8, 9]


@pytest.mark.parametrize("asked", [EntryFilter(), EntryFilter(since=1)], ids=str)
def test_without_a_first_index_it_begins_anywhere(asked):
    """From then on there is no gap."""
    assert indexes(Server([answer(7, 8)]).follow(1, asked=asked)) == [7, 8]
    with pytest.raises(TamperedError):
        Server([answer(7), answer(9)]).follow(2, asked=asked)


def test_an_entry_that_was_not_asked_for_is_refused():
    """What a server adds is no answer."""
    with pytest.raises(TamperedError):
        Server([answer(1)]).follow(1, asked=EntryFilter(person="cw-02"))


def test_an_answer_without_a_token_is_refused():
    """Or nobody would know where to go on."""
    with pytest.raises(TamperedError):
        Server([answer(1, token=b"")]).follow(1)


def test_an_entry_that_does_not_verify_is_refused():
    """Before anybody sees it, or an entry before it in the same answer."""
    bad = answer(1, 2)
    bad.entries[1].details = bad.entries[0].details

    with pytest.raises(TamperedError):
        Server([bad]).follow(1)


def test_a_reader_who_stopped_within_an_answer_is_not_shown_it_again():
    """The token leads behind the answer before; what was shown is left out."""
    first = Server([answer(1), answer(4, 6, 9)]).follow(2)[1]
    mark = first.mark(2)
    # The server may part the same entries in another way.
    server = Server([answer(4), answer(6, 9), answer(12)])
    followed = server.follow(3, mark)

    assert mark == Mark(token=b"t1", covered=1, shown=6)
    assert server.tokens == [b"t1"]
    assert indexes(followed) == [9, 12]
    assert followed[0].after == Mark(token=b"t4", covered=4, shown=6)
    assert followed[1].after == Mark(token=b"t9", covered=9, shown=9)


def test_a_mark_behind_all_or_nothing_of_an_answer_is_its_own():
    """Nothing shown is where it was; all shown is behind it."""
    followed = Server([answer(1), answer(4, 6)]).follow(2)[1]

    assert followed.mark(0) == Mark(token=b"t1", covered=1, shown=1)
    assert followed.mark(2) == Mark(token=b"t6", covered=6, shown=6)


def test_waiting_grows_and_is_bounded():
    """And begins anew once the server has answered."""
    server = Server([answer(1)], *[[gone()]] * 12, [answer(2)], [gone()], [answer(3)])
    server.follow(3)
    grown, later = server.pauses[:13], server.pauses[13:]

    assert server.breaks == 2
    assert grown[0] <= 0.6
    assert all(LONGEST / 2 <= each <= LONGEST for each in grown[8:])
    assert later[0] <= 0.6


def test_a_server_that_never_answered_is_given_up():
    """Somebody typed another server's name."""
    server = Server(*[[gone()]] * 9)

    with pytest.raises(UnavailableError):
        server.follow(1)

    assert len(server.tokens) == 3


def test_a_stream_that_lasted_as_long_as_one_may_did_not_break():
    """Nobody is told, even where nothing was written for long."""
    over = gone(grpc.StatusCode.DEADLINE_EXCEEDED)
    server = Server(*[[over]] * 5, [answer(1), over], [answer(2)])
    followed = server.follow(2)

    assert indexes(followed) == [1, 2]
    assert server.breaks == 0


def test_a_refusal_ends_it():
    """Whoever may not read is not asked to try again."""
    server = Server([answer(1)], [AccessDeniedError()])

    with pytest.raises(AccessDeniedError):
        server.follow(2)

    assert len(server.tokens) == 2


def test_a_stream_of_anything_lasts():
    """Also one that brings nothing at all."""
    server = Server([], ["a"], ["b", "c"])

    assert server.last(3) == ["a", "b", "c"]


def test_a_mark_is_kept_for_its_owner_alone(tmp_path):
    """And read as it was."""
    path = tmp_path / "mark.json"
    mark = Mark(token=b"\x00t", covered=3, shown=5)
    Mark(token=b"old").keep(path)
    mark.keep(path)

    assert Mark.read(path) == mark
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["mark.json"]


def test_no_file_is_a_beginning(tmp_path):
    """The first run makes it."""
    assert Mark.read(tmp_path / "none.json") == Mark()


GOOD = {"resume_token": "00ff", "covered": 3, "shown": 5}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "\xff",
        json.dumps({**GOOD, "more": 1}),
        json.dumps({"resume_token": "00ff"}),
        json.dumps({**GOOD, "resume_token": ""}),
        json.dumps({**GOOD, "resume_token": "0g"}),
        json.dumps({**GOOD, "resume_token": 7}),
        json.dumps({**GOOD, "covered": 6}),
        json.dumps({**GOOD, "covered": -2}),
        json.dumps({**GOOD, "covered": True}),
        json.dumps({**GOOD, "shown": 5.0}),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    """It is never begun anew: entries would be lost."""
    path = tmp_path / "mark.json"
    path.write_text(content, "latin-1")

    with pytest.raises(InvalidInputError) as caught:
        Mark.read(path)

    assert caught.value.field == "resume"


def test_a_file_that_cannot_be_used_is_told(tmp_path):
    """A folder in its place."""
    with pytest.raises(UnavailableError):
        Mark.read(tmp_path)
    with pytest.raises(UnavailableError):
        Mark(token=b"t").keep(tmp_path)
