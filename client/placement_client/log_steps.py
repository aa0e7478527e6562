"""What the log proves of itself now, step by step, against what this client knows.

Nothing here reads an entry: checkpoints and proofs tell only how many there are.

Invariants:
    * every step is told, in the same order, whatever became of those before it;
    * only pinned keys count;
    * what the log signed and then can't prove is a failure, not an absence;
    * an empty log is one only to a context that has never seen an entry.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final, Protocol

from placement.api.v1.log_service_pb2 import ProveInclusionResponse
from placement.audit.checkpoint import Checkpoint, require_follows
from placement.audit.merkle import verify_inclusion
from placement.errors import InvalidInputError, NotFoundError, TamperedError
from placement_client.failures import condemned
from placement_client.steps import Result, Step, tried
from placement_client.trust import LogView

STEPS: Final = (
    *("pinned keys", "newest checkpoint", "witnesses", "history"),
    *("earlier checkpoints", "leaves"),
)
"""What is looked at, in order."""

MAX_EARLIER: Final = 50
"""Checkpoints before the newest that are compared at most."""
MAX_SAMPLE: Final = 1000
"""Leaves that are drawn at most."""

_KEYS, _NEWEST, _WITNESSES, _HISTORY, _EARLIER, _LEAVES = STEPS
_PAGE: Final = 100
_NO_KEY: Final = (
    "No log key is pinned in this context: get it from the operator and add the "
    "context again with --log-key."
)


class Log(Protocol):
    """Where checkpoints and proofs come from; ``LogCalls`` is one."""

    def checkpoint(self, *, cosignatures: int = 0, least_size: int = 0) -> bytes:
        """Return the newest checkpoint."""

    def checkpoints(self, least_size: int, count: int) -> Sequence[bytes]:
        """Return checkpoints, the smallest first."""

    def consistency(self, old_size: int, new_size: int) -> Sequence[bytes]:
        """Return a consistency proof."""

    def inclusion(self, index: int, size: int) -> ProveInclusionResponse:
        """Return an inclusion proof."""


class Inspection:
    """Looks at one log.

    Args:
        log: where to ask.
        view: pinned keys, and what was seen before; ``None`` if no key is pinned.
        earlier: how many checkpoints before the newest to compare.
        sample: how many leaves to draw.
        draw: a number below another one, at random.
    """

    def __init__(
        self,
        log: Log,
        view: LogView | None,
        *,
        earlier: int,
        sample: int,
        draw: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self._log = log
        self._view = view
        self._earlier = earlier
        self._sample = sample
        self._draw = draw

    def steps(self) -> Iterator[Step]:
        """Yield every step.

        Raises:
            PlacementError: the service does not answer.
        """
        view = self._view
        if view is None:
            yield Step(_KEYS, Result.FAILED, _NO_KEY)
            yield from _skipped(STEPS[1:], "No key is pinned to verify with.")
            return
        yield Step(_KEYS, Result.OK, f"The key of {view.policy.log.name} is pinned.")
        signed: dict[bytes, Checkpoint] = {}

        def look() -> str:
            content = self._log.checkpoint()
            signed[content] = view.policy.signed(content)
            return f"The log signed {signed[content].size} entries."

        refusal = "The pinned key did not sign the checkpoint."
        try:
            first = _tried(_NEWEST, look, refusal)
        except NotFoundError:
            first = _unbegun(view)
        yield first
        if not signed:
            yield from _skipped(STEPS[2:], "There is no checkpoint to begin with.")
            return
        ((content, newest),) = signed.items()
        yield from self._past(view, content)
        forked = "The log can't prove that its checkpoints continue one another."
        yield _proven(_EARLIER, lambda: self._continued(view, newest), forked)
        if not newest.size or not self._sample:
            yield Step(_LEAVES, Result.SKIPPED, "There is no leaf to draw.")
            return
        lost = "The log can't prove that a leaf stands where it says."
        yield _proven(_LEAVES, lambda: self._drawn(newest), lost)

    def _past(self, view: LogView, content: bytes) -> Iterator[Step]:
        """Yield the steps about witnesses, and about what was seen before."""
        cosigned = [content]
        if view.policy.quorum:
            cosigned.clear()
            yield _proven(
                _WITNESSES,
                lambda: self._cosigned(view, cosigned),
                "A witness's signature is forged, or too few cosigned.",
                "No checkpoint was cosigned by as many witnesses as must have.",
            )
        else:
            reason = "The context demands no witness; see --witness and --quorum."
            yield Step(_WITNESSES, Result.SKIPPED, reason)
        if cosigned:
            history = "The log shows another history than it showed before."
            yield _tried(_HISTORY, lambda: self._history(view, cosigned[0]), history)
        else:
            reason = "There is no cosigned checkpoint that could be remembered."
            yield Step(_HISTORY, Result.SKIPPED, reason)

    def _cosigned(self, view: LogView, found: list[bytes]) -> str:
        """Get the newest checkpoint that enough witnesses cosigned."""
        policy = view.policy
        content = self._log.checkpoint(cosignatures=policy.quorum)
        checkpoint = policy.checkpoint(content)
        found.append(content)
        names = ", ".join(policy.cosigners(content))
        return f"Cosigned at {checkpoint.size} entries by {names}."

    def _history(self, view: LogView, content: bytes) -> str:
        """Hold a checkpoint against the one seen before, and keep the newer."""
        seen = view.newest()
        view.advance(content, self._log.consistency)
        if seen is None:
            return "Nothing was seen before; from now on this checkpoint is."
        return f"The log continues what was seen before, at {seen.size} entries."

    def _continued(self, view: LogView, newest: Checkpoint) -> str:
        """Hold the last checkpoints against one another, each against the next."""
        chain = [*self._last(view, newest), newest]
        for old, new in pairwise(chain):
            # The empty log begins every log, and proves nothing.
            proof = self._log.consistency(old.size, new.size) if old.size else ()
            require_follows(old, new, proof)
        if len(chain) == 1:
            return "There is no earlier one to compare."
        return f"{len(chain)} checkpoints continue one another."

    def _last(self, view: LogView, newest: Checkpoint) -> Sequence[Checkpoint]:
        """Return the last checkpoints before the newest.

        Raises:
            TamperedError: one is not the log's, or they are out of order.
        """
        wide = self._earlier
        while wide:
            least = max(0, newest.size - wide)
            notes = self._log.checkpoints(least, _PAGE)
            found = [view.policy.signed(each) for each in notes]
            sizes = [each.size for each in found]
            if sizes != sorted(set(sizes)) or (sizes and sizes[0] < least):
                raise TamperedError().because(
                    "The log lists checkpoints that it was not asked for."
                )
            before = [each for each in found if each.size < newest.size]
            same = [each for each in found if each.size == newest.size]
            if any(each != newest for each in same):
                raise TamperedError().because("The log signed two roots of one size.")
            # One second may bring one leaf or thousands, so it looks further back.
            if len(before) >= self._earlier or not least:
                return before[-self._earlier :]
            wide *= 2
        return ()

    def _drawn(self, newest: Checkpoint) -> str:
        """Have the places of random leaves proven."""
        size = newest.size
        for _ in range(self._sample):
            index = self._draw(size)
            answer = self._log.inclusion(index, size)
            leaf, hashes = answer.leaf_hash, answer.hashes
            verify_inclusion(leaf, index, size, hashes, newest.root)
        return f"{self._sample} leaves drawn at random stand in the log."


def _proven(
    name: str, look: Callable[[], str], otherwise: str, missing: str = ""
) -> Step:
    """Return the step of a look at what the log must be able to show."""

    def looked() -> str:
        try:
            return look()
        except (NotFoundError, InvalidInputError) as error:
            raise TamperedError().because(missing or otherwise) from error

    return _tried(name, looked, otherwise)


def _unbegun(view: LogView) -> Step:
    """Return the step of a log that says that nothing was written yet."""

    def look() -> str:
        seen = view.newest()
        if seen is not None:
            raise TamperedError().because(
                "The log says that it has no entry, and this context has seen it with "
                f"{seen.size}."
            )
        return "The log has no entry yet, so it has signed nothing: verify it later."

    step = tried(_NEWEST, look, "What this context has seen of the log is damaged.")
    # Nobody who has seen nothing can tell a young log from one that was emptied.
    is_new = step.result is Result.OK
    return replace(step, result=Result.WARNING) if is_new else step


def _tried(name: str, look: Callable[[], str], otherwise: str) -> Step:
    """Return the step of a look at what the service may know not to verify."""

    def looked() -> str:
        try:
            return look()
        except TamperedError as error:
            told = condemned(error)
            if told:
                raise TamperedError().because(told) from error
            raise

    return tried(name, looked, otherwise)


def _skipped(names: Sequence[str], reason: str) -> Iterator[Step]:
    for name in names:
        yield Step(name, Result.SKIPPED, reason)
