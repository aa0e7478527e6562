"""The state: everything that stands at a revision, as the fold of the log.

Invariants:
    * ``apply`` is the only thing that changes a state, one record at a time;
    * a record that can't apply (an unknown fact or case) raises: the log is the truth,
      and a hole in it is an incident, never skipped;
    * ``records`` gives records whose fold equals the state, so that a snapshot is
      nothing but a shorter log.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Final, assert_never

from placement.domain import indexing, rolled
from placement.domain.answered import Answered
from placement.domain.budgets import Ledger
from placement.domain.calendar import Calendar
from placement.domain.changeover import Changeover
from placement.domain.changeover_events import ChangeoverEvent
from placement.domain.coverage import Coverage
from placement.domain.dossiers import dossier_of
from placement.domain.enrolled import ByGroup, BySubject
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
    Evaluated,
    FacilityRegistered,
    FactAmendment,
    FactEnded,
    FactRecorded,
    FactRegraded,
    FactRetracted,
    PlacementEnded,
    PlacementRecorded,
    ProviderLifted,
    Record,
    ReleaseSigned,
    RequestKept,
)
from placement.domain.extract_events import ExtractAgreed, ExtractEvent
from placement.domain.extracts import Extracts
from placement.domain.facts import (
    Affiliation,
    AnyFact,
    Attestation,
    Case,
    Facility,
    Located,
    Placement,
    Presence,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.forgetting import forget, lost
from placement.domain.graph import GroupGraph
from placement.domain.group_events import (
    GroupsMerged,
    GroupsUnmerged,
    MergeEvent,
    NameEvent,
)
from placement.domain.haunt_events import HauntAmendment, HauntEvent
from placement.domain.haunts import Haunts
from placement.domain.histories import Histories, steps_of
from placement.domain.import_events import ImportEvent
from placement.domain.imports import Imports
from placement.domain.indexing import Index
from placement.domain.life_events import (
    ChangeRejected,
    ChangeWithdrawn,
    ContestWithdrawn,
    FactContested,
    FactRenewed,
    FactsKept,
    FactStepsKept,
    Previewed,
)
from placement.domain.merges import Merges
from placement.domain.names import Names
from placement.domain.presences import Presences
from placement.domain.previews import Previews
from placement.domain.residents import Residents
from placement.domain.roll import Roll
from placement.domain.roll_events import AffiliationsKept, RollBegun
from placement.domain.rule_events import RuleEvent, RulesetAdopted
from placement.domain.rulebook import Rulebook
from placement.domain.shelf import Shelf
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

RETRIED_DAYS: Final = 30
"""How long a request that is sent again finds its first answer."""
_Spent = Previewed | ExtractEvent
_Kept = FactsKept | FactStepsKept | HauntEvent
_Life = FactContested | ContestWithdrawn | _Kept | _Spent
_Agreed = ErasureAgreed | ExtractAgreed
_Amended = FactAmendment | PlacementEnded | ProviderLifted | MergeEvent | _Agreed
_NOBODY: Final = DossierId(b"")
_RETRIED = RETRIED_DAYS * MICROS_A_DAY


class State:
    """All facts, cases, placements, changes and budgets at a revision.

    The indexes hold inert facts too; the rules weigh.

    Attributes:
        revision: of the last applied record.
        at: the latest time of any applied record; time never runs back behind it.
        roll: affiliations in rows.
        facts: every graded fact by id.
        graph: the links between groups.
        affiliations: by subject.
        same_as: by either subject.
        ties: by subject.
        located: by the threatening subject.
        threats_against: by target.
        threats_by: by source, a subject or a group.
        presences: by area and group.
        cases: by handle.
        placements: by id, also those that are over.
        stays: those that stand, by area, case and provider.
        permits: by id.
        alerts: all of them.
        agenda: what has to be weighed again.
        stopped: providers that a coordinator stopped.
        standing: what these five are the parts of.
        rulebook: rulesets that were adopted, and those that wait.
        calendar: which facts and placements turn on a day.
        imports: staged rows, and how far they were taken over.
        histories: what happened to each fact, and who has to look at which.
        previews: how often each person looked at what a change would do.
        members: affiliations by group.
        cases_of: cases by member of the household.
        cases_under: cases by municipality and its own case number.
        residents: placements by area and by what their people belonged to.
        attestations: statements of coverage by id.
        coverage: the same by area.
        changes: proposed changes that wait, by id.
        merges: which groups are one; the indexes hold facts as it resolves them.
        names: of groups, sealed, and the key that seals them.
        groups: the names of each registered group, by token.
        facilities: by token.
        providers: of registered facilities.
        changeover: under which key pseudonyms are made, and which comes next.
        areas: every code that a fact, placement, facility or statement ever named.
        ledger: what was asked and evaluated.
        erasures: what was erased.
        haunts: what phantom stays follow.
        extracts: those that may be read, and how many were asked for.
        requests: what was answered, by (organisation, person, request id); for 30 days.
    """

    def __init__(self) -> None:
        self.revision = Revision(0)
        self.at = Micros(0)
        self.roll = Roll()
        self.facts = Shelf(self.roll)
        self.merges = Merges()
        self.graph = GroupGraph()
        self.affiliations: Index[SubjectId, Affiliation] = BySubject(
            self.roll, self.merges
        )
        self.same_as: Index[SubjectId, SameAs] = Index()
        self.ties: Index[SubjectId, Tie] = Index()
        self.located: Index[SubjectId, Located] = Index()
        self.threats_against: Index[SubjectId, Threat] = Index()
        self.threats_by: Index[SubjectId | GroupToken, Threat] = Index()
        self.presences = Presences()
        self.cases: dict[CaseHandle, Case] = {}
        self.attestations: dict[FactId, Attestation] = {}
        self.coverage = Coverage()
        self.changes: dict[FactId, ChangeProposed] = {}
        self.names = Names()
        self.groups = self.names.groups
        self.facilities: dict[FacilityToken, Facility] = {}
        self.providers: set[ProviderToken] = set()
        self.changeover = Changeover()
        self.areas: set[AreaCode] = set()
        self.ledger = Ledger()
        self.standing = Standing(self.facilities)
        self.stays = self.standing.stays
        self.placements = self.stays.by_id
        self.permits = self.standing.permits
        self.alerts = self.standing.alerts
        self.agenda = self.standing.agenda
        self.stopped = self.standing.stopped
        self.rulebook = Rulebook()
        self.calendar = Calendar(self.roll)
        self.histories = Histories(self.roll)
        self.previews = Previews()
        self.imports = Imports()
        self.members: Index[GroupToken, Affiliation] = ByGroup(self.roll, self.merges)
        self.cases_of: dict[SubjectId, dict[CaseHandle, None]] = {}
        self.cases_under: dict[tuple[str, str], dict[CaseHandle, None]] = {}
        self.residents = Residents(self)
        self.erasures = Erasures()
        self.haunts = Haunts()
        self.extracts = Extracts()
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
            steps = tuple(steps_of(record, revision, self.changes))
            request = record.request
            dossier = None if request is None else dossier_of(record.event, self)
            self._apply(record, revision)
        except KeyError as error:
            raise TamperedError from error
        for key, step in steps:
            if not self.erasures.gone(key):
                self.histories.add(key, step)
        if self.placements:  # else there is nothing that could be weighed again
            self.agenda.add(revision, touches)
        self.revision = revision
        self.at = max(self.at, record.at)
        if request is not None:
            self._keep(Answered(request, self.revision, record.at, dossier or _NOBODY))

    def _keep(self, answered: Answered) -> None:
        """Remember a request, and forget those too old to be retried."""
        request = answered.request
        key = (request.organisation, request.person, request.id)
        self.requests[key] = answered
        self.requests.move_to_end(key)
        while next(iter(self.requests.values())).at < answered.at - _RETRIED:
            self.requests.popitem(last=False)

    def _apply(self, record: Record, revision: Revision) -> None:
        happened = record.event
        if isinstance(happened, NameEvent):
            self.names.apply(happened)
            return
        if isinstance(happened, ChangeoverEvent):
            self.changeover.apply(happened)
            return
        if isinstance(happened, _Life):
            self._apply_life(happened, record.at)
            return
        if isinstance(happened, ImportEvent):
            self.imports.apply(happened, revision, record.at)
            return
        if isinstance(happened, RuleEvent):
            self._apply_rules(happened, revision, record.at)
            return
        if isinstance(happened, FactAmendment | PlacementEnded | MergeEvent):
            self._amend(happened, record.at)
            return
        match happened:
            case FactRecorded(fact=fact):
                self._record(fact, record.at)
            case ChangeProposed() as change:
                proposed_in = change.revision or revision
                self.changes[change.id] = replace(change, revision=proposed_in)
            case ChangeApproved() | ChangeRejected() | ChangeWithdrawn() as event:
                self._apply_change(event, record.at)
            case CaseOpened() | CaseAssessed() | CaseClosed() as event:
                self._apply_case(event, record.at)
            case PlacementRecorded(placement=placement) as event:
                self.standing.apply(event, revision, record.at)
                self._fit_placement(placement)
            case CoverageAttested(attestation=attestation):
                self._cover(attestation)
            case FacilityRegistered(facility=facility):
                self._put_facility(facility, record.at)
            case Asked() | Evaluated() as spent:
                self.ledger.spend(spent, record.at)
            case RequestKept(request=request, revision=revision, dossier=dossier):
                self._keep(Answered(request, revision, record.at, dossier))
            case RollBegun() | AffiliationsKept():
                rolled.take_over(self, happened)
            case Sealed(dossier=dossier):
                self.erasures.miss(dossier)
            case DossiersErased() as erased:
                self._erase(erased, record.at)
            case _ as event:
                self.standing.apply(event, revision, record.at)

    def _apply_change(
        self, event: ChangeApproved | ChangeRejected | ChangeWithdrawn, at: Micros
    ) -> None:
        change = self.changes.pop(event.id)
        if isinstance(event, ChangeApproved):
            self._approve(change, event.person, at)
        elif isinstance(event, ChangeWithdrawn) or not event.softly:
            self._drop(change, at)

    def _record(self, fact: AnyFact, at: Micros) -> None:
        self._put(fact)
        if fact.retracted:  # in a snapshot, where it stands at that time
            self.erasures.retracted[fact.id] = at

    def _cover(self, attestation: Attestation) -> None:
        self.attestations[attestation.id] = attestation
        self.areas.update(attestation.areas)
        for area in attestation.areas:
            self.coverage.put(area, attestation.id, attestation)

    def _put_facility(self, facility: Facility, at: Micros) -> None:
        self.facilities[facility.token] = facility
        self.haunts.registered[facility.token] = at
        self.areas.add(facility.area)
        self.providers.add(facility.provider)

    def _apply_life(self, event: _Life, at: Micros) -> None:
        if isinstance(event, HauntEvent):
            self.haunts.apply(event, at)
            return
        match event:
            case FactContested(id=key) | ContestWithdrawn(id=key):
                self.facts[key]  # the steps say it; but of nothing they say nothing
            case FactsKept() | FactStepsKept():
                self.histories.keep(event)
            case Previewed():
                self.previews.spend(event, at)
            case _ as extract:
                self.extracts.apply(extract, at)

    def _apply_rules(self, event: RuleEvent, revision: Revision, at: Micros) -> None:
        self.rulebook.apply(event, revision, at)
        if isinstance(event, RulesetAdopted):
            self.agenda.follow(event.rules, at)

    def _apply_case(
        self, event: CaseOpened | CaseAssessed | CaseClosed, at: Micros
    ) -> None:
        match event:
            case CaseOpened(case=case):
                self.cases[case.handle] = case
                under = (case.organisation, case.reference)
                self.cases_under.setdefault(under, {})[case.handle] = None
                for member in case.members:
                    self.cases_of.setdefault(member, {})[case.handle] = None
            case CaseAssessed(handle=handle, person=person, children=children):
                self.cases[handle] = replace(
                    self.cases[handle],
                    assessed_at=at,
                    assessed_by=person,
                    children=children,
                )
                self.residents.assessed(handle)
            case CaseClosed(handle=handle):
                self.cases[handle] = replace(self.cases[handle], closed_at=at)
            case _ as never:
                assert_never(never)

    def _amend(self, amendment: _Amended, at: Micros) -> None:
        match amendment:
            case FactEnded(id=key, valid_to=valid_to):
                self._put(replace(self.facts[key], valid_to=valid_to))
            case FactRetracted(id=key):
                self._retract(self.facts[key], at)
            case FactRegraded(id=key, scheme=scheme, given=given, grade=grade):
                fact = self.facts[key]
                self._put(replace(fact, scheme=scheme, given=given, grade=grade))
            case FactRenewed(id=key, review_by=review_by):
                self._put(replace(self.facts[key], review_by=review_by))
            case PlacementEnded(id=key):
                self.standing.apply(amendment, Revision(self.revision + 1), at)
                self._fit_placement(self.placements[key])
            case ProviderLifted(id=provider):
                self.stopped.discard(provider)
            case GroupsMerged() | GroupsUnmerged():
                self._merge(amendment)
            case ErasureAgreed() | ExtractAgreed():  # an event of its own does it
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
            elif isinstance(amendment, HauntAmendment):
                self.haunts.agree(amendment, change, person, at)
            elif not lost(self, amendment):
                self._amend(amendment, at)

    def _drop(self, change: ChangeProposed, at: Micros) -> None:
        """Let what nobody stood behind count no more."""
        for fact_id in change.records:
            if self.erasures.gone(fact_id):
                continue
            fact = self.facts[fact_id]
            if not fact.approved:
                self._retract(fact, at)

    def _retract(self, fact: AnyFact, at: Micros) -> None:
        self._put(replace(fact, retracted=True))
        self.erasures.retracted.setdefault(fact.id, at)

    def _erase(self, event: DossiersErased, at: Micros) -> None:
        """Let nothing be left of facts and cases; whoever was weighed is again."""
        forget(self, set(event.dossiers))
        self.changeover.forget(self)
        self.imports.erase(set(event.dossiers), at)
        self.erasures.add(event.dossiers)
        self.erasures.tallies.add(event.counts)
        for key, answered in self.requests.items():
            if answered.dossier in self.erasures.erased:
                self.requests[key] = answered.erased()

    def _put(self, fact: AnyFact) -> None:
        before = self.facts.get(fact.id)
        self.facts[fact.id] = fact
        self.histories.put(before, fact, Revision(self.revision + 1))
        self.calendar.put(fact)
        if isinstance(fact, Presence | Located | Tie):
            self.areas.add(fact.area)
        indexing.put(self, self.merges.resolved(fact))

    def _merge(self, event: MergeEvent) -> None:
        """Let facts be found under the tokens that stand for their groups now."""
        moved = self.facts.naming(self.merges.with_(event.low, event.high))
        for fact in moved:
            indexing.leave_groups(self, self.merges.resolved(fact))
        self.merges.apply(event)
        for fact in moved:
            indexing.put(self, self.merges.resolved(fact))

    def _fit_placement(self, placement: Placement) -> None:
        self.areas.add(placement.area)
        self.calendar.put(placement)
        self.residents.placed(placement)

    def records(self) -> Iterator[Record]:
        """Yield records whose fold equals this state, but for the revision."""
        for first in chain(self.rulebook.records(), self.names.records()):
            yield Record(at=_THEN, event=first)
        for merged in self.merges.links.values():
            yield Record(at=_THEN, event=merged)
        for token, facility in self.facilities.items():
            at = self.haunts.registered[token]
            yield Record(at=at, event=FacilityRegistered(facility=facility))
        for erased in self.erasures.records():
            yield Record(at=_THEN, event=erased)
        # Behind what was erased: with it goes whoever was left and is on record no more.
        for keyed in (*self.changeover.records(), *self.changeover.left_records()):
            yield Record(at=_THEN, event=keyed)
        yield from rolled.facts(self.facts, self.erasures.retracted)
        for life in self.histories.records():
            yield Record(at=_THEN, event=life)
        for case in self.cases.values():
            yield Record(at=_THEN, event=CaseOpened(case=case))
        for event in self.standing.records():
            yield Record(at=_THEN, event=event)
        for attestation in self.attestations.values():
            yield Record(at=_THEN, event=CoverageAttested(attestation=attestation))
        for at, haunt in self.haunts.records():
            yield Record(at=at, event=haunt)
        for imported in self.imports.records():
            yield Record(at=_THEN, event=imported)
        for change in self.changes.values():
            yield Record(at=_THEN, event=change)
        for answered in self.requests.values():
            yield Record(at=answered.at, event=answered.kept())
        yield from self.extracts.records()
        for at, previewed in self.previews.records():
            yield Record(at=at, event=previewed)
        yield from self.ledger.records()
        yield Record(at=_THEN, event=self.standing.schedule())


_THEN = Micros(0)  # what a record of a snapshot holds already has its own times
