"""Between the wire and the engine: who is calling, and waiting for the answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, NoReturn, TypeVar

from placement.access import Action, Caller, admit
from placement.crypto.keyring import KeyRing, Purpose
from placement.domain.decide.command import Command
from placement.domain.terms import SubjectId
from placement.errors import PlacementError, TamperedError, UnavailableError
from placement.rpc.keyed import BARE, Keyed
from placement.rpc.origin import Origin
from placement.service.batch import Answer
from placement.service.bookmarks import Bookmarks
from placement.service.engine import Engine
from placement.service.entries import Refused
from placement.store.rows import is_damage

_log: Final = logging.getLogger(__name__)

Request = TypeVar("Request")
Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was let in.

    Attributes:
        caller: who calls.
        action: what for.
        identify: names the caller again, by what holds at this moment.
    """

    caller: Caller
    action: Action
    identify: Callable[[], Caller]


CALL: ContextVar[Call] = ContextVar("CALL")
"""The call that this task serves; set by the door."""


class Desk:
    """Takes requests to the engine.

    Args:
        engine: decides.
        ring: its subject key makes a pseudonym what the store keeps of it.
        bookmarks: say where a search goes on.
        keyed: reads pseudonyms with the ids of their keys.
    """

    def __init__(
        self,
        engine: Engine,
        ring: KeyRing,
        bookmarks: Bookmarks,
        keyed: Keyed = BARE,
    ) -> None:
        self._engine = engine
        self._ring = ring
        self._bookmarks = bookmarks
        self._keyed = keyed

    async def ask(
        self, parse: Callable[[Request, Origin], Command], request: Request
    ) -> Answer:
        """Parse a request and wait until its answer is durable.

        Raises:
            PlacementError: refused; the refusal is in the access log.
        """
        call = CALL.get()
        try:
            origin = Origin(call.caller, self._subject_of, self._bookmarks, self._keyed)
            command = parse(request, origin)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is logged)
            await self.fail(error, call.action, call.caller)
        return await self._answer(command)

    async def prepare(self, work: Callable[[], Awaitable[Parsed]]) -> Parsed:
        """Do what a call needs before its request is read, if its caller may call it.

        Returns:
            What it found; nothing of it is logged yet.

        Raises:
            PlacementError: refused, or it went wrong; that is in the access log.
        """
        call = CALL.get()
        try:
            admit(call.caller, call.action)
            return await work()
        except Exception as error:  # noqa: BLE001 (whatever it is, it is logged)
            await self.fail(error, call.action, call.caller)

    async def follow(
        self, parse: Callable[[Request], Parsed], request: Request
    ) -> Parsed:
        """Let a call through that touches hashes and signatures only.

        Returns:
            What the request asks for; nothing of it is logged.

        Raises:
            PlacementError: refused; the refusal is in the access log.
        """
        call = CALL.get()
        try:
            admit(call.caller, call.action)
            return parse(request)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is logged)
            await self.fail(error, call.action, call.caller)

    async def identify_again(self) -> None:
        """Ask again who is called for: a stream lives on, a certificate may not.

        Raises:
            PlacementError: the certificate is good no more, as for a new call; the
                refusal is in the access log.
        """
        call = CALL.get()
        try:
            call.identify()
        except Exception as error:  # noqa: BLE001 (whatever it is, it is logged)
            await self.fail(error, call.action, None)

    def bookmark(self, scope: bytes, *numbers: int) -> bytes:
        """Return a token with which the caller of this call can go on."""
        return self._bookmarks.seal(CALL.get().caller, scope, *numbers)

    async def publish(self) -> None:
        """Have a checkpoint signed of everything that is durable now.

        Raises:
            PlacementError: there is none.
        """
        await asyncio.wrap_future(self._engine.publish())

    def require_serving(self) -> None:
        """Refuse to go on with what is known here, while nobody answers for it.

        Raises:
            UnavailableError: the engine does not serve, or can't see the log.
        """
        if not self._engine.serving:
            raise UnavailableError

    def condemn(self) -> None:
        """Answer nothing any more: something stored does not verify."""
        self._engine.condemn()

    async def fail(
        self, error: Exception, action: Action, caller: Caller | None
    ) -> NoReturn:
        """Log why a call ends before it is a command, then raise it.

        Of a defect of ours nobody learns more than its kind.

        Raises:
            PlacementError: the error; or that it could not be logged.
        """
        if not isinstance(error, PlacementError):
            _log.error("call_failed kind=%s", type(error).__name__)
            error = TamperedError() if is_damage(error) else PlacementError()
        await self.refuse(Refused(action, error, caller))

    async def refuse(self, refused: Refused) -> NoReturn:
        """Log a refusal, then raise it.

        Raises:
            PlacementError: the refusal; or that it could not be logged.
        """
        await self._answer(refused)
        raise refused.refusal

    async def _answer(self, item: Command | Refused) -> Answer:
        return await asyncio.wrap_future(self._engine.submit(item))

    def _subject_of(self, pseudonym: bytes) -> SubjectId:
        return SubjectId(self._ring.mac(Purpose.SUBJECT, pseudonym))
