"""``placement alert watch``: alerts as they are raised and handled, for ever."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.api.v1.alert_service_pb2 import WatchAlertsResponse
from placement.errors import CertificateError, InvalidInputError, UnavailableError
from placement_client.admission import Lookout, advise
from placement_client.calls import Patience
from placement_client.commands.alert_cases import OwnCases
from placement_client.commands.alert_words import form, line, to_data
from placement_client.commands.audit_printing import Printed, print_line
from placement_client.commands.audit_stopping import stoppable
from placement_client.commands.report import Report, note
from placement_client.commands.verb import Run, verb
from placement_client.credentials import user
from placement_client.profile import load
from placement_client.session import Session
from placement_client.watching import RESUME_FIELD, Connection, Place, watch

_LOST: Final = (
    "The connection to the service is lost. No alert is heard until it is back; it is "
    "tried again by itself."
)
_BACK: Final = "The connection is back. What came in between is shown now."
_ANEW: Final = (
    "`placement alert watch --anew` begins with all that is open; what was closed since "
    "the last run is not shown then."
)
_KEPT_FOR: Final = 60.0
"""Seconds for which a token is kept although there is a newer one that covers the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Options of ``watch``."""

    anew: Annotated[
        bool,
        typer.Option(
            "--anew",
            help="Begin with all that is open, not where the last run stopped.",
        ),
    ] = False
    once: Annotated[
        bool, typer.Option("--once", help="Print what is open or new, and end.")
    ] = False


def watch_(run: Run, asked: Watched) -> Report:
    """Print alerts as they are raised and handled, one a line, until Ctrl-C.

    The first run begins with all that is open; the next one goes on where this one
    stopped. If the connection breaks, it goes on by itself. Nothing is left out; only a
    run that was killed may show its last lines again. With --json each line is an
    object.
    """
    place = _place(run)
    with place.held(), _advised(run):
        token = b"" if asked.anew else place.read()
        streams = _Streams(run)
        connection = Connection(opened=streams.open, lost=_lost, back=_back)
        answers = watch(connection, token, once=asked.once)
        reader = _Reader(run, place, OwnCases(lambda: streams.session))
        with stoppable() as stop:
            while not stop.is_asked:
                answer = stop.next(answers)
                reader.show(answer)
                # With signs of life the server says that there is nothing more.
                if asked.once and not answer.alerts:
                    break
    return Printed(data={})


@contextmanager
def _advised(run: Run) -> Iterator[None]:
    """Say what helps where the last run's token does not, or the certificate."""
    try:
        yield
    except CertificateError as error:
        advise(error, run.profile(), run.clock)
        raise
    except InvalidInputError as error:
        if error.field == RESUME_FIELD:
            error.because(_ANEW)
        raise


def _place(run: Run) -> Place:
    contexts = load(run.path)
    name = run.common.context or contexts.current
    return Place.of(run.path, name, user(contexts.profile(name)))


class _Reader:
    """Prints what comes, and keeps how far it has come."""

    def __init__(self, run: Run, place: Place, cases: OwnCases) -> None:
        self._run = run
        self._place = place
        self._cases = cases
        self._kept_at = -math.inf

    def show(self, answer: WatchAlertsResponse) -> None:
        """Print alerts, and keep the token behind them."""
        found = [(each, self._cases.of(each)) for each in map(form, answer.alerts)]
        lines = [(to_data(*each), line(*each)) for each in found]
        for data, cells in lines:
            print_line(data, cells, as_json=self._run.common.as_json)
        now = self._run.clock()
        # After what was printed: whoever is killed between them sees it twice, and
        # nothing is lost.
        if lines or now - self._kept_at >= _KEPT_FOR:
            self._place.write(answer.resume_token)
            self._kept_at = now


class _Streams:
    """Opens streams: the first over the run's session, each other over a new one.

    A certificate that was renewed in its place is used from the next stream on.

    Attributes:
        session: of the stream that was opened last.
    """

    def __init__(self, run: Run) -> None:
        self.session = run.session()
        self._run = run
        self._is_begun = False
        self._is_broken = False
        self._lookout = Lookout(run.clock)

    def open(self, token: bytes) -> Iterator[WatchAlertsResponse]:
        """Open one stream behind a token.

        Raises:
            CertificateError: the one before broke, and the certificate has expired, or
                is no longer accepted.
            TamperedError: the log went back, or shows another history.
            PlacementError: the stream ended with it.
        """
        with ExitStack() as stack:
            try:
                session = self._opened(stack)
                self.session = session
                yield from session.alerts.watch(token)
            except UnavailableError:
                self._is_broken = True
                raise

    def _opened(self, stack: ExitStack) -> Session:
        if not self._is_begun:
            self._is_begun = True
            return self._run.session()
        if self._is_broken:
            self._lookout.look(self._run.profile())
        self._is_broken = False
        opened = Session.open(
            self._run.profile(),
            patience=Patience(deadline=self._run.common.deadline),
            clock=self._run.clock,
        )
        session = stack.enter_context(opened)
        self._run.hold(session)  # another database may answer by now
        return session


def _lost() -> None:
    note(_LOST)


def _back() -> None:
    note(_BACK)


def register(app: typer.Typer) -> None:
    """Add the command to the noun."""
    verb(app, "watch")(watch_)
