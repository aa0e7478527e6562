"""The state: everything that stands at a revision, as the fold of the log.

Invariants:
    * ``apply`` is the only thing that changes a state, one record at a time;
    * a record that can't apply (an unknown fact or case) raises: the log is the truth,
      and a hole in it is an incident, never skipped;
    * ``records`` gives records whose fold equals the state, so that a snapshot is
      nothing but a shorter log.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, assert_never

from placement.domain.budgets import Ledger
from placement.domain.calendar import Calendar
from placement.domain.dossiers import dossier_of
from placement.domain.erasure_events import DossiersErased, ErasureAgreed, Sealed
from placement.domain.erasures import Erasures
from placement.domain.events import (
    Asked,
    CaseAssessed,
    CaseClosed,
    CaseOpened,
    ChangeApproved,
    ChangeProposed,
    CoverageAttested,
    CustodianNamed,
    Evaluated,
    FacilityRegistered,
    FactAmendment,
    FactEnded,
    FactRecorded,
    FactRegraded,
    FactRetracted,
    GroupRegistered,
    PlacementEnded,
    PlacementRecorded,
    ProviderLifted,
    Record,
    ReleaseSigned,
    Request,
    RequestKept,
)
from placement.domain.facts import (
    Affiliation,
    Alliance,
    AnyFact,
    Attestation,
    Case,
    Facility,
    Faction,
    Group,
    Located,
    Placement,
    Presence,
    Rivalry,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.graph import GroupGraph
from placement.domain.standing import Standing
from placement.domain.terms import (
    MICROS_A_DAY,
    AreaCode,
    CaseHandle,
    DossierId,
    FacilityToken,
    FactId,
    GroupToken,
    Micros,
    ProviderToken,
    Revision,
    SubjectId,
)
from placement.domain.touched import touched
from placement.errors import TamperedError

Key = TypeVar("Key", bound=bytes | str)
Entry = TypeVar("Entry")

_RETRIED = 30 * MICROS_A_DAY  # a retry that comes later is a request of its own


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was answered.

    Attributes:
        request: with what it made.
        revision: of the answer.
        at: when.
        dossier: with which its digest goes, or empty.
    """

    request: Request
    revision: Revision
    at: Micros
    dossier: DossierId


class Index(Generic[Key, Entry]):
    """Entries by a key, newest form of each; iteration is in order of recording."""

    def __init__(self) -> None:
        self._by_key: dict[Key, dict[FactId, Entry]] = {}

    def put(self, key: Key, entry_id: FactId, entry: Entry) -> None:
        """Add an entry under a key, or replace its older form."""
        self._by_key.setdefault(key, {})[entry_id] = entry

    def drop(self, key: Key, entry_id: FactId) -> None:
        """Remove an entry from under a key."""
        known = self._by_key.get(key, {})
        known.pop(entry_id, None)
        if not known:
            self._by_key.pop(key, None)

    def of(self, key: Key) -> Collection[Entry]:
        """Return the entries under a key."""
        known = self._by_key.get(key)
        return () if known is None else known.values()


class State:
    """All facts, cases, placements, changes and budgets at a revision.

    The indexes hold inert facts too; the rules weigh.

    Attributes:
        revision: of the last applied record.
        at: the latest time of any applied record; time never runs back behind it.
        facts: every graded fact by id.
        graph: the links between groups.
        affiliations: by subject.
        same_as: by either subject.
        ties: by subject.
        located: by the threatening subject.
        threats_against: by target.
        threats_by: by source, a subject or a group.
        presences: by area.
        cases: by handle.
        placements: by id, also those that are over.
        stays: those that stand, by area, case and provider.
        permits: by id.
        alerts: all of them.
        agenda: what has to be weighed again.
        stopped: providers that a coordinator stopped.
        standing: what these five are the parts of.
        calendar: which facts and placements turn on a day.
        members: affiliations by group.
        cases_of: cases by member of the household.
        attestations: statements of coverage by id.
        coverage: the same by area.
        changes: proposed changes that wait, by id.
        groups: registered groups by token.
        fingerprints: of registered groups.
        facilities: by token.
        providers: of registered facilities.
        custodian: id of the key under which all pseudonyms were made.
        areas: every code that a fact, placement, facility or statement ever named.
        ledger: what was asked and evaluated.
        erasures: what was erased.
        requests: what was answered, by (organisation, person, request id); for 30 days.
    """

    def __init__(self) -> None:
        self.revision = Revision(0)
        self.at = Micros(0)
        self.facts: dict[FactId, AnyFact] = {}
        self.graph = GroupGraph()
        self.affiliations: Index[SubjectId, Affiliation] = Index()
        self.same_as: Index[SubjectId, SameAs] = Index()
        self.ties: Index[SubjectId, Tie] = Index()
        self.located: Index[SubjectId, Located] = Index()
        self.threats_against: Index[SubjectId, Threat] = Index()
        self.threats_by: Index[SubjectId | GroupToken, Threat] = Index()
        self.presences: Index[AreaCode, Presence] = Index()
        self.cases: dict[CaseHandle, Case] = {}
        self.attestations: dict[FactId, Attestation] = {}
        self.coverage: Index[AreaCode, Attestation] = Index()
        self.changes: dict[FactId, ChangeProposed] = {}
        self.groups: dict[GroupToken, Group] = {}
        self.fingerprints: set[bytes] = set()
        self.facilities: dict[FacilityToken, Facility] = {}
        self.providers: set[ProviderToken] = set()
        self.custodian = b""
        self.areas: set[AreaCode] = set()
        self.ledger = Ledger()
        self.standing = Standing(self.facilities)
        self.stays = self.standing.stays
        self.placements = self.stays.by_id
        self.permits = self.standing.permits
        self.alerts = self.standing.alerts
        self.agenda = self.standing.agenda
        self.stopped = self.standing.stopped
        self.calendar = Calendar()
        self.members: Index[GroupToken, Affiliation] = Index()
        self.cases_of: dict[SubjectId, dict[CaseHandle, None]] = {}
        self.erasures = Erasures()
        self.requests: OrderedDict[tuple[str, str, bytes], Answered] = OrderedDict()

    def apply(self, record: Record) -> None:
        """Fold one record in.

        Raises:
            TamperedError: the record speaks of something that isn't there.
        """
        revision = Revision(self.revision + 1)
        try:
            # Before it is applied: what is gone afterwards is touched, too.
            touches = tuple(touched(record.event, self))
            request = record.request
            dossier = None if request is None else dossier_of(record.event, self)
            self._apply(record, revision)
        except KeyError as error:
            raise TamperedError from error
        if self.placements:  # else there is nothing that could be weighed again
            self.agenda.add(revision, touches)
        self.revision = revision
        self.at = max(self.at, record.at)
        if request is not None:
            of = dossier or DossierId(b"")
            self._keep(Answered(request, self.revision, record.at, of))

    def _keep(self, answered: Answered) -> None:
        """Remember a request, and forget those too old to be retried."""
        request = answered.request
        key = (request.organisation, request.person, request.id)
        self.requests[key] = answered
        self.requests.move_to_end(key)
        while next(iter(self.requests.values())).at < answered.at - _RETRIED:
            self.requests.popitem(last=False)

    def _apply(self, record: Record, revision: Revision) -> None:
        match record.event:
            case FactRecorded(fact=fact):
                self._put(fact)
                if fact.retracted:  # in a snapshot, where it stands at that time
                    self.erasures.retracted[fact.id] = record.at
            case FactEnded() | FactRetracted() | FactRegraded() as amendment:
                self._amend(amendment, record.at)
            case ChangeProposed() as change:
                self.changes[change.id] = change
            case ChangeApproved(id=change_id, person=person):
                self._approve(self.changes.pop(change_id), person, record.at)
            case CaseOpened() | CaseAssessed() | CaseClosed() as event:
                self._apply_case(event, record.at)
            case PlacementRecorded(placement=placement) as event:
                self._fit_placement(placement)
                self.standing.apply(event, revision, record.at)
            case PlacementEnded(id=key) as event:
                self.standing.apply(event, revision, record.at)
                self.calendar.put(self.placements[key])
            case CoverageAttested(attestation=attestation):
                self.attestations[attestation.id] = attestation
                self.areas.update(attestation.areas)
                for area in attestation.areas:
                    self.coverage.put(area, attestation.id, attestation)
            case GroupRegistered(group=group):
                self.groups[group.token] = group
                self.fingerprints.add(group.fingerprint)
            case FacilityRegistered(facility=facility):
                self.facilities[facility.token] = facility
                self.areas.add(facility.area)
                self.providers.add(facility.provider)
            case CustodianNamed(key_id=key_id):
                self.custodian = key_id
            case Sealed(dossier=dossier):
                self.erasures.miss(dossier)
            case DossiersErased(dossiers=dossiers):
                self._erase(dossiers)
            case Asked() | Evaluated() as spent:
                self.ledger.spend(spent, record.at)
            case RequestKept(request=request, revision=revision, dossier=dossier):
                self._keep(Answered(request, revision, record.at, dossier))
            case _ as event:
                self.standing.apply(event, revision, record.at)

    def _apply_case(
        self, event: CaseOpened | CaseAssessed | CaseClosed, at: Micros
    ) -> None:
        match event:
            case CaseOpened(case=case):
                self.cases[case.handle] = case
                for member in case.members:
                    self.cases_of.setdefault(member, {})[case.handle] = None
            case CaseAssessed(handle=handle, person=person, children=children):
                self.cases[handle] = replace(
                    self.cases[handle],
                    assessed_at=at,
                    assessed_by=person,
                    children=children,
                )
            case CaseClosed(handle=handle):
                self.cases[handle] = replace(self.cases[handle], closed_at=at)
            case _ as never:
                assert_never(never)

    def _amend(
        self, amendment: FactAmendment | ProviderLifted | ErasureAgreed, at: Micros
    ) -> None:
        match amendment:
            case FactEnded(id=key, valid_to=valid_to):
                self._put(replace(self.facts[key], valid_to=valid_to))
            case FactRetracted(id=key):
                self._put(replace(self.facts[key], retracted=True))
                self.erasures.retracted.setdefault(key, at)
            case FactRegraded(id=key, scheme=scheme, given=given, grade=grade):
                fact = self.facts[key]
                self._put(replace(fact, scheme=scheme, given=given, grade=grade))
            case ProviderLifted(id=provider):
                self.stopped.discard(provider)
            case ErasureAgreed():  # an event of its own follows, and erases
                return
            case _ as never:
                assert_never(never)

    def _approve(self, change: ChangeProposed, person: str, at: Micros) -> None:
        for fact_id in change.records:
            if not self.erasures.gone(fact_id):
                self._put(replace(self.facts[fact_id], approved=True))
        for amendment in change.amendments:
            if isinstance(amendment, ReleaseSigned):
                self.standing.sign_release(amendment.id, change.region, person)
            elif not self.erasures.gone(amendment.id):
                self._amend(amendment, at)

    def _erase(self, dossiers: Sequence[DossierId]) -> None:
        """Let nothing be left of facts and cases; whoever was weighed is again."""
        erased: set[bytes] = set(dossiers)
        facts = [self.facts.pop(FactId(each)) for each in erased & self.facts.keys()]
        cases = [
            self.cases.pop(CaseHandle(each)) for each in erased & self.cases.keys()
        ]
        for fact in facts:
            self._drop(fact)
        for case in cases:
            for member in case.members:
                self.cases_of[member].pop(case.handle)
                if not self.cases_of[member]:
                    del self.cases_of[member]
        stays = self.standing.forget({case.handle for case in cases})
        self.calendar.forget({*(fact.id for fact in facts), *stays})
        self.ledger.forget({case.handle for case in cases})
        self.erasures.add(dossiers)
        for change in tuple(self.changes.values()):
            self._trim(change, erased)
        for key, answered in self.requests.items():
            if answered.dossier in erased:
                blank = replace(answered.request, digest=b"")
                nobody = DossierId(b"")
                self.requests[key] = replace(answered, request=blank, dossier=nobody)

    def _trim(self, change: ChangeProposed, erased: set[bytes]) -> None:
        """Take what was erased out of a change that waits; drop it when that was all."""
        records = tuple(each for each in change.records if each not in erased)
        amendments = tuple(
            each
            for each in change.amendments
            if each.id not in erased
            and not (isinstance(each, ReleaseSigned) and each.id not in self.permits)
        )
        if not records and not amendments:
            del self.changes[change.id]
        elif (records, amendments) != (change.records, change.amendments):
            trimmed = replace(change, records=records, amendments=amendments)
            self.changes[change.id] = trimmed

    def _drop(self, fact: AnyFact) -> None:
        match fact:
            case Faction() | Rivalry() | Alliance():
                self.graph.drop(fact)
            case Affiliation():
                self.affiliations.drop(fact.subject, fact.id)
                self.members.drop(fact.group, fact.id)
            case Presence():
                self.presences.drop(fact.area, fact.id)
            case Threat():
                self.threats_against.drop(fact.target, fact.id)
                for source in (fact.source_group, fact.source_subject):
                    if source is not None:
                        self.threats_by.drop(source, fact.id)
            case Located():
                self.located.drop(fact.subject, fact.id)
            case Tie():
                self.ties.drop(fact.subject, fact.id)
            case SameAs():
                self.same_as.drop(fact.low, fact.id)
                self.same_as.drop(fact.high, fact.id)
            case _ as never:
                assert_never(never)

    def _put(self, fact: AnyFact) -> None:
        self.facts[fact.id] = fact
        self.calendar.put(fact)
        if isinstance(fact, Presence | Located | Tie):
            self.areas.add(fact.area)
        match fact:
            case Faction() | Rivalry() | Alliance():
                self.graph.put(fact)
            case Affiliation():
                self.affiliations.put(fact.subject, fact.id, fact)
                self.members.put(fact.group, fact.id, fact)
            case Presence():
                self.presences.put(fact.area, fact.id, fact)
            case Threat():
                self._put_threat(fact)
            case Located():
                self.located.put(fact.subject, fact.id, fact)
            case Tie():
                self.ties.put(fact.subject, fact.id, fact)
            case SameAs():
                self.same_as.put(fact.low, fact.id, fact)
                self.same_as.put(fact.high, fact.id, fact)
            case _ as never:
                assert_never(never)

    def _put_threat(self, fact: Threat) -> None:
        self.threats_against.put(fact.target, fact.id, fact)
        if fact.source_group is not None:
            self.threats_by.put(fact.source_group, fact.id, fact)
        if fact.source_subject is not None:
            self.threats_by.put(fact.source_subject, fact.id, fact)

    def _fit_placement(self, placement: Placement) -> None:
        self.areas.add(placement.area)
        self.calendar.put(placement)

    def records(self) -> Iterator[Record]:
        """Yield records whose fold equals this state, but for the revision."""
        if self.custodian:
            yield Record(at=_THEN, event=CustodianNamed(key_id=self.custodian))
        for group in self.groups.values():
            yield Record(at=_THEN, event=GroupRegistered(group=group))
        for facility in self.facilities.values():
            yield Record(at=_THEN, event=FacilityRegistered(facility=facility))
        for erased in self.erasures.records():
            yield Record(at=_THEN, event=erased)
        for fact in self.facts.values():
            at = self.erasures.retracted.get(fact.id, _THEN)
            yield Record(at=at, event=FactRecorded(fact=fact))
        for case in self.cases.values():
            yield Record(at=_THEN, event=CaseOpened(case=case))
        for event in self.standing.records():
            yield Record(at=_THEN, event=event)
        for attestation in self.attestations.values():
            yield Record(at=_THEN, event=CoverageAttested(attestation=attestation))
        for change in self.changes.values():
            yield Record(at=_THEN, event=change)
        for answered in self.requests.values():
            kept = RequestKept(
                request=answered.request,
                revision=answered.revision,
                dossier=answered.dossier,
            )
            yield Record(at=answered.at, event=kept)
        yield from self.ledger.records()
        yield Record(at=_THEN, event=self.standing.schedule())


_THEN = Micros(0)  # what a record of a snapshot holds already has its own times
