"""What a context knows of the log's keys, and checkpoints held against it."""

from dataclasses import dataclass
from typing import Final

from placement.audit import checkpoint as checkpoints
from placement.audit import note as notes
from placement.audit.checkpoint import Checkpoint
from placement_client.commands.receipt import kept_by
from placement_client.commands.report import note
from placement_client.commands.verb import Run
from placement_client.logs import LogCalls
from placement_client.rendering import Json

_UNPINNED: Final = (
    "Warning: this context pins no log key, so nobody knows who wrote the checkpoint. "
    "Add the context again with --log-key."
)


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint, and who stands behind it.

    Attributes:
        checkpoint: it.
        witnesses: pinned ones that cosigned it.
        is_verified: the pinned log signed it; if none is pinned, nobody knows.
        is_enough: so many witnesses cosigned it as the context demands.
    """

    checkpoint: Checkpoint
    witnesses: tuple[str, ...]
    is_verified: bool
    is_enough: bool

    def data(self) -> Json:
        """Return the object of ``--json``."""
        return {
            "origin": self.checkpoint.origin,
            "size": self.checkpoint.size,
            "root": self.checkpoint.root.hex(),
            "verified": self.is_verified,
            "witnesses": list(self.witnesses),
            "enough_witnesses": self.is_enough,
        }

    def words(self) -> str:
        """Say which checkpoint it is."""
        found = self.checkpoint
        by = f", cosigned by {', '.join(self.witnesses)}" if self.witnesses else ""
        signed = "signed by its pinned key" if self.is_verified else "of unknown origin"
        return f"the checkpoint of {found.origin} at size {found.size}, {signed}{by}"


class Trust:
    """Reads checkpoints as the context of a run demands, and warns where it can't.

    Args:
        run: with the context.

    Raises:
        InvalidInputError: there is no such context.
    """

    def __init__(self, run: Run) -> None:
        kept = kept_by(run)
        self._view = None if kept is None else kept.view
        self._is_warned = False

    @property
    def quorum(self) -> int:
        """How many witnesses the context demands; 0 where no log key is pinned."""
        return 0 if self._view is None else self._view.policy.quorum

    def read(self, content: bytes) -> Signed:
        """Read one checkpoint's note.

        Raises:
            TamperedError: it is none, or does not verify under the pinned keys.
        """
        if self._view is None:
            self._warn()
            found = checkpoints.parse(notes.parse(content).text)
            return Signed(found, (), is_verified=False, is_enough=False)
        policy = self._view.policy
        witnesses = policy.cosigners(content)
        return Signed(
            policy.signed(content),
            witnesses,
            is_verified=True,
            is_enough=len(witnesses) >= policy.quorum,
        )

    def _warn(self) -> None:
        if not self._is_warned:
            note(_UNPINNED)
        self._is_warned = True

    def hold(self, content: bytes, logs: LogCalls) -> Signed:
        """Read a checkpoint's note, and hold it against what this client saw before.

        Raises:
            TamperedError: as ``read``; or the log shows another history.
            PlacementError: it can't be held against it now.
        """
        found = self.read(content)
        if self._view is None:
            return found
        if found.is_enough:
            self._view.advance(content, logs.consistency)
        else:
            self._view.require(found.checkpoint, logs.consistency)
            wanted = self._view.policy.quorum
            note(
                f"Warning: {len(found.witnesses)} of the {wanted} witnesses that this "
                "context demands have cosigned the checkpoint so far."
            )
        return found
