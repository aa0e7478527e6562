"""Audit staff's service, and the log's: parse, submit, read, render.

What takes long is read in threads, a piece at a time; a caller who has gone away ends
it between two pieces.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

import grpc.aio

from placement.access import Caller
from placement.api.v1 import audit_service_pb2 as audit_wire
from placement.api.v1 import log_service_pb2 as log_wire
from placement.api.v1.audit_service_pb2_grpc import AuditServiceServicer
from placement.api.v1.log_service_pb2_grpc import LogServiceServicer
from placement.audit import note as notes
from placement.audit.note import Note, Verifier
from placement.domain.decide.searches import Admitted
from placement.errors import NotFoundError
from placement.rpc import parse_audit as parse
from placement.rpc import render_audit as render
from placement.rpc.desk import CALL, Desk
from placement.service.batch import Answer
from placement.service.replay import replay
from placement.service.review import Review
from placement.service.rules import Rules
from placement.service.search import Searcher
from placement.service.selection import Found
from placement.service.watch import Watch
from placement.store.ledger import Inclusion, Ledger
from placement.store.log import Store

READERS: Final = 8
"""Threads that read for both services."""
FOLLOW_EVERY: Final = 0.25
"""Seconds between two looks for what is new."""

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
_Item = TypeVar("_Item")


class Reading:
    """What both services read with.

    Args:
        desk: asks the engine.
        store: whose log.
        review: reads it.
        ledger: proves it.
    """

    def __init__(
        self, desk: Desk, store: Store, review: Review, ledger: Ledger
    ) -> None:
        self.desk = desk
        self.store = store
        self.review = review
        self.ledger = ledger
        # Of its own, so that no reading keeps the custodian waiting.
        self._pool = ThreadPoolExecutor(READERS, "reading")

    async def proven(
        self, index: int, cosignatures: int
    ) -> tuple[Found, Inclusion, Note]:
        """Return an entry, and the proof that it stands under a checkpoint.

        Raises:
            NotFoundError: no such entry; or no checkpoint that holds it has so many
                cosignatures yet.
            PlacementError: it can't be read, or does not verify.
        """
        note = await self.checkpoint(cosignatures, index + 1)
        found = await self.run(self.review.one, index)
        size = _size_of(note)
        proof = await self.run(self.ledger.inclusion, index, size)
        return found, proof, note

    async def checkpoint(self, cosignatures: int, least_size: int) -> Note:
        """Return the newest checkpoint; sign one if that is all that is missing.

        Raises:
            NotFoundError: there is none with so many leaves and cosignatures.
            PlacementError: it can't be read.
        """
        newest = partial(
            self.ledger.newest, cosignatures=cosignatures, least_size=least_size
        )
        try:
            return await self.run(newest)
        except NotFoundError:
            if cosignatures:
                raise
        await self.desk.publish()
        return await self.run(newest)

    def is_receipt(self, caller: Caller, index: int, cosignatures: int) -> bool:
        """Tell whether an entry is the caller's own, and has so many cosignatures.

        Without any it always has: a checkpoint is signed when it is asked for.

        Raises:
            PlacementError: that can't be read, or does not verify.
        """
        if index >= parse.MAX_INDEX or not self.review.owns(caller, index):
            return False
        if not cosignatures:
            return True
        try:
            self.ledger.newest(cosignatures=cosignatures, least_size=index + 1)
        except NotFoundError:
            return False
        return True

    async def run(self, call: Callable[..., _Item], *given: object) -> _Item:
        """Call something that reads, in one of the threads kept for that."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, call, *given)

    async def drawn(self, items: Iterator[_Item]) -> AsyncIterator[_Item]:
        """Draw from an iterator in threads, one item after another; close it then."""
        end = object()
        try:
            while True:
                item: Any = await self.run(next, items, end)
                if item is end:
                    return
                yield item
        finally:
            if isinstance(items, Generator):
                items.close()


class Log(LogServiceServicer):
    """The service of everybody who relies on the log.

    Args:
        reading: what to read with.
        witnesses: whose cosignatures are published.
    """

    def __init__(self, reading: Reading, witnesses: Sequence[Verifier]) -> None:
        self._reading = reading
        self._witnesses = witnesses

    async def GetCheckpoint(
        self, request: log_wire.GetCheckpointRequest, context: Context
    ) -> log_wire.GetCheckpointResponse:
        """Give the newest checkpoint."""
        wanted = await self._reading.desk.follow(parse.checkpoint, request)
        note = await self._reading.checkpoint(*wanted)
        return log_wire.GetCheckpointResponse(note=notes.render(note))

    async def ListCheckpoints(
        self, request: log_wire.ListCheckpointsRequest, context: Context
    ) -> log_wire.ListCheckpointsResponse:
        """List checkpoints."""
        wanted = await self._reading.desk.follow(parse.checkpoints, request)
        found = await self._reading.run(self._reading.ledger.checkpoints, *wanted)
        return render.checkpoints(found)

    async def ProveConsistency(
        self, request: log_wire.ProveConsistencyRequest, context: Context
    ) -> log_wire.ProveConsistencyResponse:
        """Prove that one log begins another."""
        sizes = await self._reading.desk.follow(parse.consistency, request)
        proof = await self._reading.run(self._reading.ledger.consistency, *sizes)
        return log_wire.ProveConsistencyResponse(hashes=proof)

    async def ProveInclusion(
        self, request: log_wire.ProveInclusionRequest, context: Context
    ) -> log_wire.ProveInclusionResponse:
        """Prove that a leaf stands in a log."""
        place = await self._reading.desk.follow(parse.inclusion, request)
        found = await self._reading.run(self._reading.ledger.inclusion, *place)
        return log_wire.ProveInclusionResponse(
            leaf_hash=found.leaf, hashes=found.hashes
        )

    async def GetReceipt(
        self, request: log_wire.GetReceiptRequest, context: Context
    ) -> log_wire.GetReceiptResponse:
        """Give the entry of one of the caller's own calls."""
        reading = self._reading
        asked = request.index, request.cosignatures
        look = partial(reading.run, reading.is_receipt, CALL.get().caller, *asked)
        owned = await reading.desk.prepare(look)
        await reading.desk.ask(partial(parse.read_receipt, owned=owned), request)
        return render.receipt(*await reading.proven(*asked))

    async def AddCosignature(
        self, request: log_wire.AddCosignatureRequest, context: Context
    ) -> log_wire.AddCosignatureResponse:
        """Publish a witness's cosignature."""
        read = partial(parse.cosignature, witnesses=self._witnesses)
        given = await self._reading.desk.follow(read, request)
        count = await self._reading.run(self._reading.ledger.cosign, *given)
        return log_wire.AddCosignatureResponse(cosignatures=count)


class Audit(AuditServiceServicer):
    """The auditors' service.

    Args:
        reading: what to read with.
        searcher: answers searches.
        watch: looks for misuse.
        rules: finds the ruleset of a past state.
    """

    def __init__(
        self,
        reading: Reading,
        searcher: Searcher,
        watch: Watch,
        rules: Rules,
    ) -> None:
        self._reading = reading
        self._searcher = searcher
        self._watch = watch
        self._rules = rules
        self._replaying = asyncio.Semaphore()  # each holds a whole state

    async def ListEntries(
        self, request: audit_wire.ListEntriesRequest, context: Context
    ) -> audit_wire.ListEntriesResponse:
        """List a page of entries."""
        answer = await self._reading.desk.ask(parse.list_entries, request)
        size = answer.leaf + 1  # what came in since is not part of this search
        caller, admitted = CALL.get().caller, _admitted(answer)
        page = await self._reading.run(self._searcher.list, admitted, caller, size)
        return render.listed(page)

    async def ShowEntry(
        self, request: audit_wire.ShowEntryRequest, context: Context
    ) -> audit_wire.ShowEntryResponse:
        """Show an entry with its proof."""
        await self._reading.desk.ask(parse.show_entry, request)
        proven = self._reading.proven(request.index, request.cosignatures)
        return render.shown_entry(*await proven)

    async def TailEntries(
        self, request: audit_wire.TailEntriesRequest, context: Context
    ) -> AsyncIterator[audit_wire.TailEntriesResponse]:
        """Send entries as they are written."""
        answer = await self._reading.desk.ask(parse.tail_entries, request)
        caller, admitted = CALL.get().caller, _admitted(answer)
        pages = self._searcher.follow(admitted, caller, answer.leaf + 1)
        told = -math.inf
        async for page in self._reading.drawn(pages):
            now = time.monotonic()
            if page.found or now - told > 1.0:  # so that whoever comes back goes on
                told = now
                yield render.followed(page)
            if page.last:
                await asyncio.sleep(FOLLOW_EVERY)

    async def ExportEntries(
        self, request: audit_wire.ExportEntriesRequest, context: Context
    ) -> AsyncIterator[audit_wire.ExportEntriesResponse]:
        """Send a part of the log that can be verified without the service."""
        answer = await self._reading.desk.ask(parse.export_entries, request)
        # Witnesses come by when they do: the export then ends with what they saw.
        wanted = request.cosignatures
        least = 1 if wanted else answer.leaf + 1
        note = await self._reading.checkpoint(wanted, least)
        export = await self._reading.run(
            self._searcher.export,
            _admitted(answer),
            notes.render(note),
            _size_of(note),
        )
        yield render.export_head(export)
        async for piece in self._reading.drawn(export.pieces):
            yield render.export_piece(piece)
        yield render.export_end(export)

    async def ReplayDecision(
        self, request: audit_wire.ReplayDecisionRequest, context: Context
    ) -> AsyncIterator[audit_wire.ReplayDecisionResponse]:
        """Decide a past question again."""
        answer = await self._reading.desk.ask(parse.replay_decision, request)
        decision = request.decision_id
        of_decision = self._searcher.of_decision
        found = await self._reading.run(of_decision, decision, answer.leaf)
        steps = replay(self._reading.store, found, decision, self._rules)
        async with self._replaying:
            async for step in self._reading.drawn(steps):
                yield render.replayed(step)

    async def ReportAnomalies(
        self, request: audit_wire.ReportAnomaliesRequest, context: Context
    ) -> AsyncIterator[audit_wire.ReportAnomaliesResponse]:
        """Look for patterns that may be misuse."""
        answer = await self._reading.desk.ask(parse.report_anomalies, request)
        steps = self._watch.report(_admitted(answer), answer.leaf)
        told: object = None
        async for step in self._reading.drawn(steps):
            if step != told:  # once the period is done, nothing but what is new
                told = step
                yield render.anomaly(step)
            if _has_come(step):
                await asyncio.sleep(FOLLOW_EVERY)

    async def ListPermits(
        self, request: audit_wire.ListPermitsRequest, context: Context
    ) -> audit_wire.ListPermitsResponse:
        """List the register of overrides and releases."""
        answer = await self._reading.desk.ask(parse.list_permits, request)
        return render.permits(answer, self._reading.review.alias)


def _admitted(answer: Answer) -> Admitted:
    reply: Any = answer.reply
    admitted: Admitted = reply
    return admitted


def _has_come(step: object) -> bool:
    """Tell whether a look for what is new is over."""
    return getattr(step, "done", None) == getattr(step, "total", 0)


def _size_of(note: Note) -> int:
    return int(note.text.split("\n")[1])
