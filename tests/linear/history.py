"""From calls as a client made them, retries and all, to steps of a history.

A call that is made again under its request id is one request that happens once at most,
but the answer that came may be a later look: a hold made at the first attempt is found
by the second, and the verdict is of then. So a call with several attempts becomes what
happened, somewhere between the first attempt and the answer, and what was seen, between
the last attempt and the answer. An attempt that was given up may still be decided after
a later one was refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.linear.areas import ACTIVE, HELD, REFUSED
from tests.linear.checker import Step

_LOOKS = ("check", "show")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, by whoever made it.

    Attributes:
        act: what was asked, as ``areas.Areas`` has it.
        first: when the first attempt began.
        last: when the last one did.
        ret: when it was answered; ``None`` if never.
        attempts: how many there were.
        answer: what it was, as ``areas.Areas`` gives it; ``None`` if never.
        place: case and area that the verdict is about, if there is one.
    """

    act: tuple[Any, ...]
    first: float
    last: float
    ret: float | None
    attempts: int
    answer: tuple[Any, ...] | None
    place: tuple[str, str] | None = None


def steps(calls: Sequence[Call]) -> list[Step]:
    """Return the steps of a history."""
    made: list[Step] = []
    for call in calls:
        made += _steps(call, len(made))
    return made


def _steps(call: Call, number: int) -> Iterator[Step]:
    """Yield the steps of a call; the first gets a number."""
    looks = call.act[0] in _LOOKS
    if call.ret is None or call.answer is None:
        if not looks:
            yield Step(act=call.act, call=call.first, ret=None)
    elif call.attempts == 1 or looks:
        yield Step(act=call.act, call=call.last, ret=call.ret, answer=call.answer)
    elif call.answer == REFUSED or _stayed(call):
        yield Step(act=call.act, call=call.last, ret=call.ret, answer=call.answer)
        yield Step(act=call.act, call=call.first, ret=None, after=number)
    else:
        happened = call.answer if call.place is None else (None, _then(call))
        yield Step(act=call.act, call=call.first, ret=call.ret, answer=happened)
        if call.place is not None:
            yield Step(
                act=("check", *call.place),
                call=call.last,
                ret=call.ret,
                answer=call.answer[:1],
                after=number,
            )


def _stayed(call: Call) -> bool:
    """Tell whether no attempt so far confirmed a hold, or moved anybody."""
    placing = call.act[0] in ("confirm", "move")
    return placing and call.answer is not None and call.answer[1] == HELD


def _then(call: Call) -> Any:
    """Return what became of it when it happened, whatever did later."""
    return ACTIVE if call.act[0] in ("confirm", "move") else call.answer[1]
