"""A town with something to audit, and how its log is read and verified."""

from collections.abc import Iterable, Sequence
from typing import Any

from kit.asking import EVERYTHING, checked
from kit.town import GROUND, Town, fresh
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.audit import checkpoint, note
from placement.audit import details as details_
from placement.audit.checkpoint import Checkpoint
from placement.audit.details import Outline
from placement.audit.entry import parse
from placement.audit.note import Verifier
from placement.crypto.signing import verify

REFERENCE = "QZJX 904417/731"
AREAS = ("2480", "0580", "1480")
"""Asked about in one question; the first is a CONFLICT, the others are CLEAR."""


def endanger(town: Town, area: str) -> bytes:
    """Record that the worker's case is in danger in an area, by two coordinators."""
    member = wire.CaseMember(case_handle=town.case)
    tie = wire.Tie(person=wire.Person(case_member=member), area=area, danger=True)
    recorded = town.done(
        "coordinator",
        "RecordFacts",
        town.record(town.fact_of(tie=tie)),
        registry.RecordFactsResponse,
    )
    approve = registry.ApproveChangeRequest(
        request_id=fresh(), change_id=recorded.change_id
    )
    town.done("second", "ApproveChange", approve, registry.ApproveChangeResponse)
    fact: bytes = recorded.fact_ids[0]
    return fact


def question(town: Town) -> check.CheckPlacementResponse:
    """Ask about the areas, of a case that has a reference and is in danger."""
    attest = registry.AttestCoverageRequest(
        request_id=fresh(), reviewed_on_day=town.today, whole_region=True
    )
    town.done("national", "AttestCoverage", attest, registry.AttestCoverageResponse)
    town.case = town.opened("worker", reference=REFERENCE)
    town.fact = endanger(town, AREAS[0])
    return checked(town, *AREAS)


def listed(town: Town, who: str = "auditor", **given: Any) -> audit.ListEntriesResponse:
    """List a page; a keyword of the filter's stands in ``filter``."""
    values = {"filter": EVERYTHING, "page_size": 100, "ground": GROUND}
    request = audit.ListEntriesRequest(**(values | given))
    page: audit.ListEntriesResponse = town.done(
        who, "ListEntries", request, audit.ListEntriesResponse
    )
    return page


def selected(town: Town, **given: Any) -> Sequence[audit.LogEntry]:
    """Return the first entries that a filter selects."""
    return listed(town, filter=audit.EntryFilter(**given)).entries


def outlines(entries: Iterable[audit.LogEntry]) -> list[Outline | None]:
    """Open the details of entries, each against its own commitment."""
    return [
        details_.opened(each.details, parse(each.entry).details).outline
        for each in entries
    ]


def vouched(town: Town, content: bytes) -> Checkpoint:
    """Verify a checkpoint under the log's key, and return what it says."""
    found = note.parse(content)
    note.verify(found, [Verifier(town.served.log_key, verify)])
    return checkpoint.parse(found.text)
