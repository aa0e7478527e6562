"""A witness: asks a log for checkpoints, holds each against the one before, cosigns.

Whoever pins its key need trust neither the service nor the network for what it says: as
of this time, this is the largest log that I saw, and it only ever grew.

Invariants:
    * what is cosigned is on the disk before it leaves, also if the machine dies, and
      so is the mark beside the key that says where;
    * a checkpoint that is refused ends the run, and is kept as evidence;
    * only what the witness verified itself is a reason to refuse: what a service says
      of its own data is no evidence.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from placement.audit import checkpoint, note
from placement.audit.note import Signer
from placement.audit.witness import advance, cosigned, offered
from placement.crypto.signing import verify
from placement.errors import (
    AccessDeniedError,
    CertificateError,
    InvalidInputError,
    NotFoundError,
    PlacementError,
    TamperedError,
    UnavailableError,
)
from placement_client.days import Clock
from placement_client.logs import LogCalls
from placement_client.session import Session
from placement_client.witness_key import WitnessKey
from placement_client.witness_state import State, StateFile

FIRST_PAUSE: Final = 0.5
"""Seconds after the first failure, if rounds are not further apart."""
LONGEST_PAUSE: Final = 60.0
"""Seconds between two tries at most, if rounds are not further apart."""

_DOUBLINGS: Final = 10
_CONDEMNED: Final = (
    "THE SERVICE SAYS THAT ITS OWN DATA DOES NOT VERIFY. Tell its operator and the "
    "auditors. That proves no second history: the witness goes on trying."
)
_FINAL: Final = (AccessDeniedError, CertificateError, InvalidInputError, TamperedError)
"""What does not pass by itself."""


class Witness:
    """Cosigns one log, over sessions that it opens and closes.

    Args:
        file: held for as long as the witness lives.
        state: from ``begin``.
        key: the witness's, held too.
        connect: opens a session.
        clock: what time it is.

    Attributes:
        state: what is held now.
    """

    def __init__(
        self,
        file: StateFile,
        state: State,
        key: WitnessKey,
        *,
        connect: Callable[[], Session],
        clock: Clock,
    ) -> None:
        self.state = state
        self._file = file
        self._key = key
        self._connect = connect
        self._clock = clock
        self._session: Session | None = None

    def close(self) -> None:
        """Close the session, if one is open; the next round opens another."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def round(self) -> int:
        """Fetch the newest checkpoint, hold it against the last, keep it, cosign it.

        Returns:
            How many witnesses have cosigned it now.

        Raises:
            TamperedError: it is refused; notes on the error say what was held, what
                was offered, and where both are kept.
            InvalidInputError: the state or the mark can't be written.
            PlacementError: a call failed; ``UnavailableError``, if the service says that
                its own data does not verify.
        """
        if self._session is None:
            self._session = self._connect()
        logs = self._session.logs
        with _hearsay():
            content = logs.checkpoint()
        with self._guarded(content):
            found = note.parse(content)
            size = offered(self.state.log, found, verify).size
            proof = self._proof(logs, size)
            advance(self.state.seen, found, proof, verify)
            now = int(self._clock())
            signer = Signer(self.state.witness.name, self._key.signing, now)
            signed = note.render(cosigned(self.state.log, found, signer, verify))
        # Kept first: a witness that is killed in between has cosigned nothing that it
        # does not remember.
        state = State(log=self.state.log, witness=self.state.witness, note=signed)
        self._file.write(state)
        self.state = state
        self._key.write(state.log.name, self._file.path)
        with _hearsay():
            return logs.cosign(size, signed)

    def watch(
        self,
        *,
        every: float,
        wait: Callable[[float], bool],
        say: Callable[[str], None],
    ) -> None:
        """Make round after round until told to stop.

        A call that fails is said once and tried again, after longer and longer pauses
        and over a new session, which reads the certificate anew.

        Args:
            every: seconds between two rounds.
            wait: waits for some seconds, and tells whether to stop.
            say: takes a sentence for people.

        Raises:
            PlacementError: as ``round``, if it does not pass by itself.
        """
        failures, told = 0, ""
        while True:
            try:
                self.round()
            except _FINAL:
                raise
            except PlacementError as error:
                failures += 1
                self.close()
                news = _news(error)
            else:
                failures = 0
                news = "The witness cosigns."
            if news != told:
                say(news)
            told = news
            if wait(pause(every, failures)):
                return

    def _proof(self, logs: LogCalls, size: int) -> Sequence[bytes]:
        """Fetch the proof from what is held to what is offered, if there is one."""
        old = self.state.seen.checkpoint().size
        if not 0 < old < size:
            return ()
        try:
            with _hearsay():
                return logs.consistency(old, size)
        except (NotFoundError, InvalidInputError) as error:
            # It signed both sizes, so these are no reasons.
            raise TamperedError().because(
                "The log refuses to prove that it only grew."
            ) from error

    @contextmanager
    def _guarded(self, content: bytes) -> Iterator[None]:
        """Keep what is refused as evidence, and say so."""
        try:
            yield
        except TamperedError as error:
            why = error.notes or ["It is no signed note."]
            raise TamperedError().because(
                "The witness REFUSES a checkpoint of the log, and stops:",
                *why,
                f"held: {_told(self.state.note)}",
                f"offered: {_told(content)}",
                *self._file.keep_evidence(content, self.state.note),
            ) from error


def pause(every: float, failures: int) -> float:
    """Return how long to wait before the next round, in seconds.

    After failures twice as long each time, up to a minute, shortened at random by up
    to half, so that many witnesses do not come back in step.
    """
    if not failures:
        return every
    doubled = max(every, FIRST_PAUSE) * (1 << min(failures - 1, _DOUBLINGS))
    longest = max(every, LONGEST_PAUSE)
    return min(doubled, longest) * (0.5 + secrets.randbelow(1001) / 2000)


@contextmanager
def _hearsay() -> Iterator[None]:
    """Take what a service says of its own data for a call that failed.

    Raises:
        UnavailableError: the service says that it does not verify.
    """
    try:
        yield
    except TamperedError as error:
        raise UnavailableError().because(_CONDEMNED) from error


def _news(error: PlacementError) -> str:
    """Say that a call failed, and loudly what is more than that."""
    if isinstance(error.__cause__, TamperedError):
        return _CONDEMNED
    return f"No cosignature ({error.reason}); the witness goes on trying."


def _told(content: bytes) -> str:
    """Say which checkpoint stands in a note, whoever signed it."""
    if not content:
        return "nothing yet"
    try:
        found = checkpoint.parse(note.parse(content).text)
    except TamperedError:
        return "nothing that can be read"
    return f"{found.size} leaves, root {found.root.hex()}"
