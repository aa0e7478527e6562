"""What goes wrong around the engine, where a seed says: rare branches made common.

Each part of the outside that the engine calls is wrapped: the store's transactions, the
key store, the anchor. At each call the storm may fail it, or end the process there.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from placement.errors import UnavailableError
from placement.store.anchor import Anchor
from placement.store.head import Head
from placement.store.keystore import KeyStore
from placement.store.leaves import Leaf
from placement.store.log import Store

POINTS: Final = (
    "before the transaction",
    "after the append",
    "in the commit",
    "after the commit",
    "keeping keys",
    "reading keys",
    "before the anchor",
    "after the anchor",
)


class Crashed(BaseException):
    """The process ended here."""


@dataclass(slots=True)
class Storm:
    """Decides what fails.

    Attributes:
        chance: by which.
        risk: of a failure at each point.
        mostly: how often a failure is an error, and not the end of the process.
        away: the key store does not answer for so many calls.
        said: told what happened.
        count: how often something did, by point.
    """

    chance: Random
    risk: float
    said: Callable[[str], None]
    mostly: float = 0.5
    away: int = 0
    calm: bool = True
    count: dict[str, int] = field(default_factory=dict)

    def pass_by(self, point: str) -> None:
        """Let something happen at a point, or not.

        Raises:
            Crashed: the process ends.
            UnavailableError: the call fails.
        """
        if self.calm:
            return
        if point.endswith("keys") and self.away:
            self.away -= 1
            raise UnavailableError
        if self.chance.random() >= self.risk:
            return
        self.count[point] = self.count.get(point, 0) + 1
        if self.chance.random() >= self.mostly:
            self.said(f"  the process ends {point}")
            raise Crashed
        self.said(f"  a failure {point}")
        if point.endswith("keys"):
            self.away = self.chance.randrange(3)
        raise UnavailableError

    def around(self, part: Any) -> Any:
        """Wrap a store or an anchor."""
        if isinstance(part, Anchor):
            return _anchor(part, self)
        _keys(part.vault._keys, self)
        return _Store(part, self)


def _anchor(anchor: Anchor, storm: Storm) -> Anchor:
    keep = anchor.keep

    def stormy(head: Head) -> None:
        storm.pass_by("before the anchor")
        keep(head)
        storm.pass_by("after the anchor")

    anchor.keep = stormy  # type: ignore[method-assign]
    return anchor


def _keys(keys: KeyStore, storm: Storm) -> None:
    for name, point in (
        ("add", "keeping keys"),
        ("find", "reading keys"),
        ("read", "reading keys"),
    ):
        usual = getattr(keys, name)

        def stormy(
            *given: Any, usual: Any = usual, point: str = point, **named: Any
        ) -> Any:
            storm.pass_by(point)
            return usual(*given, **named)

        setattr(keys, name, stormy)


class _Store:
    """A store in a storm."""

    def __init__(self, store: Store, storm: Storm) -> None:
        self._store = store
        self._storm = storm

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def writing(self) -> Iterator["_Log"]:
        self._storm.pass_by("before the transaction")
        with self._store.writing() as log:
            yield _Log(log, self._storm)
            self._storm.pass_by("in the commit")
        self._storm.pass_by("after the commit")


class _Log:
    def __init__(self, log: Any, storm: Storm) -> None:
        self._log = log
        self._storm = storm

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def append(self, payloads: Sequence[bytes], leaves: Sequence[Leaf]) -> Head:
        head: Head = self._log.append(payloads, leaves)
        self._storm.pass_by("after the append")
        return head
