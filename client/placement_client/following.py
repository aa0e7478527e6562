"""Following the access log: what is written comes, and goes on where it stopped.

The server ends a stream after a while, and connections break; the last answer's resume
token says where to go on. A *mark* is such a token with how far its reader has come. It
can be kept in a file, so that the next run goes on where this one stopped.

Invariants:
    * no entry is left out or comes twice: the log can't go back, and what a reader who
      stopped within an answer was shown of it is not shown again;
    * an entry is verified before anybody sees it, and fits the filter;
    * who waits for a server that is gone asks less often, but every few seconds, and does
      not give up, unless it never answered.

A mark's file is one JSON object: ``{"resume_token": "…", "covered": 6, "shown": 8}``,
for the entries that the token covers and the last one shown, -1 for none.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self, TypeVar

import grpc

from placement.api.v1.audit_service_pb2 import TailEntriesRequest, TailEntriesResponse
from placement.errors import InvalidInputError, TamperedError, UnavailableError
from placement_client.entries import Opened, Order
from placement_client.matching import Asked, Row
from placement_client.trust import keep, read_kept

LONGEST: Final = 4.0
"""Seconds between two tries at most."""

_FIRST: Final = 0.5  # seconds
_DOUBLINGS: Final = 10  # more than enough to reach the longest
_TRIES: Final = 3
"""Streams that may bring nothing before the first answer of all."""
_KEYS: Final = frozenset({"resume_token", "covered", "shown"})
_FIELD: Final = "resume"

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far a reader of the log has come.

    Attributes:
        token: goes on behind the last answer that was shown whole; empty before it.
        covered: index of that answer's last entry, or of an earlier one's; or -1.
        shown: index of the last entry shown, perhaps of the answer behind; or -1.
    """

    token: bytes = b""
    covered: int = -1
    shown: int = -1

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a mark; without a file, that of a reader who only begins.

        Raises:
            InvalidInputError: the file holds anything else.
            UnavailableError: it can't be read.
        """
        content = read_kept(path)
        if content is None:
            return cls()
        try:
            return cls._parse(json.loads(content))
        except (ValueError, TypeError) as error:
            phrase = "is a file that `audit tail` did not write"
            raise InvalidInputError(_FIELD, phrase) from error

    @classmethod
    def _parse(cls, data: object) -> Self:
        """Read the object of a file.

        Raises:
            ValueError, TypeError: it is another.
        """
        if not isinstance(data, dict) or data.keys() != _KEYS:
            raise ValueError("an object of other keys")
        token, covered, shown = (
            data[key] for key in ("resume_token", "covered", "shown")
        )
        if type(covered) is not int or type(shown) is not int or not token:
            raise ValueError("a value of another kind")
        if not -1 <= covered <= shown:
            raise ValueError("nothing is covered that was not shown")
        return cls(token=bytes.fromhex(token), covered=covered, shown=shown)

    def keep(self, path: Path) -> None:
        """Write the mark whole, for its owner alone.

        Raises:
            UnavailableError: it can't be written.
        """
        data = {
            "resume_token": self.token.hex(),
            "covered": self.covered,
            "shown": self.shown,
        }
        keep(path, json.dumps(data).encode() + b"\n")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was written since the answer before.

    Attributes:
        entries: not shown yet; perhaps none.
        before: how far the reader had come.
        after: how far who was shown all of them.
    """

    entries: Sequence[Opened]
    before: Mark
    after: Mark

    def mark(self, shown: int) -> Mark:
        """Return how far a reader has come who was shown so many of the entries.

        Without a token before this answer, a mark within it leads nowhere.
        """
        if shown == len(self.entries):
            return self.after
        if not shown:
            return self.before
        return replace(self.before, shown=self.entries[shown - 1].index)


def follow(
    tail: Callable[[TailEntriesRequest], Iterator[TailEntriesResponse]],
    request: TailEntriesRequest,
    mark: Mark,
    *,
    sleep: Callable[[float], None] = time.sleep,
    broken: Callable[[], None],
) -> Iterator[Answer]:
    """Yield what is written, for ever.

    Args:
        tail: opens one stream.
        request: filter and ground.
        mark: where to begin.
        sleep: what waits.
        broken: told when a stream breaks.

    Raises:
        TamperedError: an entry does not verify, comes again or too late, or does not
            fit the filter; one was left out although the filter selects all; or an
            answer does not say how to go on.
        PlacementError: refused; or there was never an answer.
    """
    order = Order(mark.covered)
    asked = Asked(request.filter)
    row = Row(asked, _begin(request, mark))

    def opened() -> Iterator[TailEntriesResponse]:
        request.resume_token = mark.token
        return tail(request)

    for response in lasting(opened, sleep=sleep, broken=broken):
        entries = order.read(response.entries)
        row.require(entries)
        if not response.resume_token:
            raise TamperedError
        after = Mark(
            token=response.resume_token,
            covered=order.last,
            shown=max(order.last, mark.shown),
        )
        unseen = [each for each in asked.shown(entries) if each.index > mark.shown]
        yield Answer(unseen, mark, after)
        mark = after


def _begin(request: TailEntriesRequest, mark: Mark) -> int | None:
    """Return the index with which following begins, if mark and filter alone tell."""
    if mark.covered >= 0:
        return mark.covered + 1
    # Without a first index it begins with whatever comes next.
    if mark.token or not request.filter.HasField("first_index"):
        return None
    return Asked(request.filter).begin


def lasting(
    opened: Callable[[], Iterator[_Answer]],
    *,
    sleep: Callable[[float], None] = time.sleep,
    broken: Callable[[], None],
) -> Iterator[_Answer]:
    """Yield the answers of one stream after another, for ever.

    Args:
        opened: opens the next one; called once what came before has been used.
        sleep: what waits.
        broken: told when a stream breaks, until one answers again.

    Raises:
        PlacementError: refused; or there was never an answer.
    """
    barren, is_answered, is_told = 0, False, False
    while True:
        try:
            for answer in opened():
                barren, is_answered, is_told = 0, True, False
                yield answer
        except UnavailableError as error:
            if not _is_over(error):
                if not is_answered and barren + 1 >= _TRIES:
                    raise
                if not is_told:
                    broken()
                is_told = True
        pause = min(LONGEST, _FIRST * 2 ** min(barren, _DOUBLINGS))
        barren += 1
        sleep(pause * (0.5 + secrets.randbelow(1001) / 2000))


def _is_over(error: UnavailableError) -> bool:
    """Tell whether a stream ended because it had lasted as long as one may."""
    cause = error.__cause__
    over = grpc.StatusCode.DEADLINE_EXCEEDED
    return isinstance(cause, grpc.RpcError) and cause.code() is over
