"""What can't be searched for, as requests of auditors: each with the field at fault."""

from collections.abc import Callable
from typing import Any

from kit.asking import EVERYTHING
from kit.town import GROUND
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import log_service_pb2 as log

UNKNOWN = 99
NUMBERS = ("850101-1234", "198501011234", "8501011234", "850161-1234", "850101 1234")
"""What may be national numbers; nobody has them."""
BEYOND = 2**63

SEARCHES: dict[str, Callable[..., Any]] = {
    "ListEntries": lambda **given: audit.ListEntriesRequest(
        **({"filter": EVERYTHING, "page_size": 3, "ground": GROUND} | given)
    ),
    "ShowEntry": lambda **given: audit.ShowEntryRequest(**({"ground": GROUND} | given)),
    "TailEntries": lambda **given: audit.TailEntriesRequest(
        **({"ground": GROUND} | given)
    ),
    "ExportEntries": lambda **given: audit.ExportEntriesRequest(
        **({"filter": EVERYTHING, "ground": GROUND} | given)
    ),
    "ReplayDecision": lambda **given: audit.ReplayDecisionRequest(
        **({"decision_id": bytes(16), "ground": GROUND} | given)
    ),
    "ReportAnomalies": lambda **given: audit.ReportAnomaliesRequest(
        **({"since": 0, "until": 9, "ground": GROUND} | given)
    ),
    "ListPermits": lambda **given: audit.ListPermitsRequest(
        **({"since": 0, "until": 9, "ground": GROUND} | given)
    ),
}
"""By method: a search that holds; keywords replace fields."""

FILTERED = ("ListEntries", "TailEntries", "ExportEntries")
GROUNDS = [
    (audit.Ground(matter="DI 1"), "ground.purpose"),
    (audit.Ground(purpose=UNKNOWN, matter="DI 1"), "ground.purpose"),
    (audit.Ground(purpose=1), "ground.matter"),
    (audit.Ground(purpose=1, matter="the neighbour of Anna"), "ground.matter"),
    *((audit.Ground(purpose=1, matter=text), "ground.matter") for text in NUMBERS),
]
FILTERS = [
    *(({"person": text}, "person") for text in ("anna", "Cw-01", *NUMBERS)),
    *(({"organisation": text}, "organisation") for text in ("Anna Bo", "8501011234")),
    *(({"role": text}, "role") for text in ("boss", *NUMBERS)),
    *(({"kind": text}, "kind") for text in ("disclosure", "DISCLOSE", NUMBERS[0])),
    *(
        ({"action": text}, "action")
        for text in ("check it", "CASE", "ANNA_BO", NUMBERS[0])
    ),
    *(
        ({"purpose": text}, "purpose")
        for text in ("why not", "WHY_NOT", "UNSPECIFIED", NUMBERS[0])
    ),
    *(({"outcome": text}, "outcome") for text in ("A" * 33, "UNSPECIFIED", NUMBERS[0])),
    ({"verdict": UNKNOWN}, "verdict"),
    *(({"case_handle": text}, "case_handle") for text in (b"850101-1234", bytes(17))),
    *(({"decision_id": text}, "decision_id") for text in (b"850101-1234", bytes(15))),
    *(
        ({"organisation": "1280", "reference": text}, "reference")
        for text in ("about Anna", *NUMBERS)
    ),
    ({"reference": "SN 1", "first_index": 0}, "reference"),
    ({"since": BEYOND}, "since"),
    ({"first_index": BEYOND}, "first_index"),
]
"""Fields of a filter that no entry has, and the one that is named."""

PERIODS = [
    ({"since": 9, "until": 9}, "until"),
    ({"since": 0, "until": BEYOND}, "until"),
    ({"first_index": 9, "end_index": 9}, "end_index"),
    ({"first_index": 0, "end_index": BEYOND}, "end_index"),
]
"""Periods that are none; who follows gives no end at all."""

BOUNDLESS = [
    {},
    {"organisation": "1280"},
    {"role": "caseworker", "kind": "DISCLOSURE", "action": "CHECK"},
    {"purpose": "PLANNED", "outcome": "ANSWERED", "verdict": 4},
    {"until": 2**61},
    {"end_index": 9},
]
"""Filters that go back to the beginning of the log for whoever there is."""

OTHERS = [
    ("ListEntries", {"page_size": 0}, "page_size"),
    ("ListEntries", {"page_size": 101}, "page_size"),
    ("ListEntries", {"page_token": b"x"}, "page_token"),
    ("ListEntries", {"page_token": bytes(60)}, "page_token"),
    ("TailEntries", {"resume_token": b"x"}, "resume_token"),
    ("TailEntries", {"filter": audit.EntryFilter(until=2**61)}, "filter"),
    ("TailEntries", {"filter": audit.EntryFilter(end_index=2**61)}, "filter"),
    ("ShowEntry", {"index": BEYOND}, "index"),
    ("ReplayDecision", {"decision_id": b""}, "decision_id"),
    ("ReplayDecision", {"decision_id": b"850101-1234"}, "decision_id"),
    ("ReportAnomalies", {"since": 9}, "until"),
    ("ReportAnomalies", {"since": BEYOND, "until": BEYOND + 1}, "since"),
    ("ReportAnomalies", {"until": BEYOND}, "until"),
    ("ListPermits", {"since": 9}, "until"),
    ("ListPermits", {"since": BEYOND, "until": BEYOND + 1}, "since"),
    ("ListPermits", {"until": BEYOND}, "until"),
]
LOG = [
    ("GetCheckpoint", log.GetCheckpointRequest(cosignatures=51), "cosignatures"),
    ("GetCheckpoint", log.GetCheckpointRequest(least_size=BEYOND), "least_size"),
    ("ListCheckpoints", log.ListCheckpointsRequest(), "count"),
    ("ListCheckpoints", log.ListCheckpointsRequest(count=101), "count"),
    (
        "ListCheckpoints",
        log.ListCheckpointsRequest(count=1, least_size=BEYOND),
        "least_size",
    ),
    ("ProveConsistency", log.ProveConsistencyRequest(old_size=BEYOND), "old_size"),
    ("ProveConsistency", log.ProveConsistencyRequest(new_size=BEYOND), "new_size"),
    ("ProveInclusion", log.ProveInclusionRequest(index=BEYOND), "index"),
    ("ProveInclusion", log.ProveInclusionRequest(size=BEYOND), "size"),
    ("GetReceipt", log.GetReceiptRequest(index=BEYOND), "index"),
    ("GetReceipt", log.GetReceiptRequest(cosignatures=51), "cosignatures"),
    ("AddCosignature", log.AddCosignatureRequest(size=BEYOND), "size"),
    ("AddCosignature", log.AddCosignatureRequest(note=b"850101-1234"), "note"),
]
WHO = {"GetReceipt": "worker", "AddCosignature": "witness"}
