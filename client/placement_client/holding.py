"""A coordinator's calls are held against what this client saw of the log before.

Caseworkers have receipts and audit staff verify; a coordinator has neither, and yet
records into and reads from whatever database answers. So before anything else is asked
the newest checkpoint is, and it must continue the newest one that was seen.

Invariants:
    * it happens once a session, before the session's first call;
    * a log that went back, or shows another history, is refused;
    * where no key is pinned, the first checkpoint seen is believed, and every later one
      must continue it: that notices an older copy put back, not a forger.

Where no key is pinned, the file is ``log/NAME-unpinned.checkpoint``: the note as it came.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from placement.audit import checkpoint as checkpoints
from placement.audit import note as notes
from placement.audit.checkpoint import Checkpoint
from placement.errors import NotFoundError, TamperedError
from placement_client.credentials import user
from placement_client.kept import Kept
from placement_client.logs import LogCalls
from placement_client.profile import Profile
from placement_client.trust import (
    OTHER_HISTORY,
    LogView,
    Prove,
    keep,
    locked,
    read_kept,
    require_one_history,
)

COORDINATOR: Final = "coordinator"
"""The role whose calls are held."""

_DAMAGED: Final = "is damaged: it holds no checkpoint of the log"


class View(Protocol):
    """What was seen of a log."""

    def newest(self) -> Checkpoint | None:
        """Return the newest checkpoint seen; nothing before the first."""

    def hold(self, content: bytes, prove: Prove) -> None:
        """Refuse a checkpoint of another history, and keep it if it is newer."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """What was seen of a log whose key is pinned.

    Attributes:
        view: the context's.
    """

    view: LogView

    def newest(self) -> Checkpoint | None:
        """Return the newest checkpoint seen; nothing before the first.

        Raises:
            PlacementError: as ``LogView.newest``.
        """
        return self.view.newest()

    def hold(self, content: bytes, prove: Prove) -> None:
        """Refuse a checkpoint of another history; keep it if witnesses cosigned it.

        They come by when they do: one that waits for them is held all the same.

        Raises:
            PlacementError: as ``LogView.advance``.
        """
        policy = self.view.policy
        if len(policy.cosigners(content)) >= policy.quorum:
            self.view.advance(content, prove)
        else:
            self.view.require(policy.signed(content), prove)


@dataclass(frozen=True, slots=True)
class FirstUse:
    """What was seen of a log whose key nobody pinned.

    Attributes:
        path: where the newest checkpoint is kept.
    """

    path: Path

    def newest(self) -> Checkpoint | None:
        """Return the newest checkpoint seen; nothing before the first.

        Raises:
            TamperedError: the file is damaged.
            UnavailableError: it can't be read.
        """
        content = read_kept(self.path)
        if content is None:
            return None
        try:
            return _unsigned(content)
        except TamperedError as error:
            error.because(f"{self.path} {_DAMAGED}")
            raise

    def hold(self, content: bytes, prove: Prove) -> None:
        """Refuse a checkpoint of another history than the first; keep the newer.

        Raises:
            TamperedError: it is none, or of another history.
            UnavailableError: no proof can be had now, or nothing be kept.
        """
        found = _unsigned(content)
        with locked(self.path.parent):
            seen = self.newest()
            if seen is not None:
                require_one_history(found, seen, prove)
            if seen is None or found.size > seen.size:
                keep(self.path, content)


def _unsigned(content: bytes) -> Checkpoint:
    return checkpoints.parse(notes.parse(content).text)


def held_by(contexts: Path, name: str, profile: Profile) -> View | None:
    """Return what a context's calls are held against; nothing of other roles.

    Args:
        contexts: the file of contexts.
        name: the context's.
        profile: its profile.
    """
    who = user(profile)
    if who is None or who.role != COORDINATOR:
        return None
    policy = profile.policy()
    if policy is None:
        return FirstUse(contexts.parent / "log" / f"{name}-unpinned.checkpoint")
    return Pinned(Kept.of(contexts, name, policy).view)


def hold(view: View, logs: LogCalls) -> None:
    """Hold the newest checkpoint of a log against what was seen of it.

    Raises:
        TamperedError: the log went back, or shows another history.
        PlacementError: a call failed, or nothing can be read or kept.
    """
    try:
        content = logs.checkpoint()
    except NotFoundError as error:
        if view.newest() is None:
            return  # nothing was ever written
        raise TamperedError().because(OTHER_HISTORY) from error
    view.hold(content, logs.consistency)
