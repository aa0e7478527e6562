"""Searches an order of concurrent operations that a sequential model agrees with.

After Wing and Gong, with Lowe's memory of what was tried: step by step, one of the
operations that nothing undone had to precede is tried on the model, and whoever comes to
the same set of operations and the same state again turns back.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Protocol

MOST = 2_000_000
"""States after which a search is given up."""

Answer = tuple[Any, ...]


class Model(Protocol):
    """What a sequential machine would do."""

    def begin(self) -> Hashable:
        """Return the first state."""

    def step(self, state: Any, act: tuple[Any, ...]) -> tuple[Hashable, Answer]:
        """Do one thing; return the state behind it and the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation as somebody saw it from outside.

    Attributes:
        act: what was asked.
        call: when.
        ret: when it was answered; ``None``: it may have happened at any later time, or
            never.
        answer: what; ``None`` in it, or instead of it, stands for anything.
        after: number of a step that it can't precede, whatever the times.
    """

    act: tuple[Any, ...]
    call: float
    ret: float | None
    answer: Answer | None = None
    after: int | None = None

    @property
    def until(self) -> float:
        return inf if self.ret is None else self.ret

    def fits(self, given: Answer) -> bool:
        """Tell whether the model's answer may have been this one."""
        if self.answer is None:
            return True
        return len(self.answer) == len(given) and all(
            seen is None or seen == said
            for seen, said in zip(self.answer, given, strict=True)
        )


class UndecidedError(Exception):
    """The search took too long."""


def order(steps: Sequence[Step], model: Model, most: int = MOST) -> list[int] | None:
    """Return an order of all answered steps and some of the others, or ``None``.

    Raises:
        UndecidedError: nothing was found, and not everything was tried.
    """
    every = sum(1 << index for index, step in enumerate(steps) if step.ret is not None)
    begin = (0, model.begin())
    tried: set[tuple[int, Any]] = {begin}
    path: list[int] = []
    # Each frame is a state and what is left to try in it.
    frames = [(begin, _next(steps, 0))]
    while frames:
        (done, state), options = frames[-1]
        if done & every == every:
            return path
        if not options:
            frames.pop()
            if path:
                path.pop()
            continue
        index = options.pop()
        after, given = model.step(state, steps[index].act)
        reached = (done | 1 << index, after)
        idle = steps[index].ret is None and after == state
        if idle or reached in tried or not steps[index].fits(given):
            continue
        if len(tried) >= most:
            raise UndecidedError
        tried.add(reached)
        path.append(index)
        frames.append((reached, _next(steps, reached[0])))
    return None


def _next(steps: Sequence[Step], done: int) -> list[int]:
    """Return the steps that may come next, the one to be tried first at the end."""
    left = [index for index in range(len(steps)) if not done >> index & 1]
    first = min((steps[index].until for index in left), default=inf)
    ready = [
        index
        for index in left
        if steps[index].call <= first
        and (steps[index].after is None or done >> (steps[index].after or 0) & 1)
    ]
    # What was answered soonest first; what may never have happened last.
    return sorted(ready, key=lambda index: -steps[index].until)
