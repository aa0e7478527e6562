"""The state: everything that stands at a revision, as the fold of the log.

Invariants:
    * ``apply`` is the only thing that changes a state, one record at a time;
    * a record that can't apply (an unknown fact or case) raises: the log is the truth,
      and a hole in it is an incident, never skipped;
    * ``records`` gives records whose fold equals the state, so that a snapshot is
      nothing but a shorter log.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, assert_never

from placement.domain import indexing, rolled, unfolding
from placement.domain.amended import amended
from placement.domain.answered import Answered, Requests
from placement.domain.budgets import Ledger
from placement.domain.calendar import Calendar
from placement.domain.casebook import Casebook
from placement.domain.changeover import Changeover
from placement.domain.changeover_events import ChangeoverEvent, CustodianNamed
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
    FactRecorded,
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
from placement.domain.stay_events import StayEvent
from placement.domain.terms import (
    AreaCode,
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

_Rooms = NameEvent | ChangeoverEvent | HauntEvent | ExtractEvent | ImportEvent
_Elsewhere = (
    _Rooms | RuleEvent | StayEvent | FactAmendment | PlacementEnded | MergeEvent
)
_Agreed = ErasureAgreed | ExtractAgreed
Amended = FactAmendment | PlacementEnded | ProviderLifted | MergeEvent | _Agreed
_NOBODY: Final = DossierId(b"")


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
        casebook: cases, and where they are found.
        cases: by handle.
        placements: by id, also those that are over.
        stays: those that stand, by area, case and provider.
        permits: by id.
        alerts: all of them.
        agenda: what has to be weighed again.
        stopped: providers that are stopped, and the regions that stopped each.
        standing: what these five are the parts of.
        rulebook: rulesets that were adopted, and those that wait.
        calendar: which facts and placements turn on a day.
        imports: staged rows, and how far they were taken over.
        histories: what happened to each fact, and who has to look at which.
        previews: how often each person looked at what a change would do.
        members: affiliations by group.
        cases_of: cases by member of the household.
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
        requests: what was answered lately.
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
        self.casebook = Casebook()
        self.cases = self.casebook.by_handle
        self.cases_of = self.casebook.of
        self.coverage = Coverage()
        self.attestations = self.coverage.by_id
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
        self.residents = Residents(self)
        self.erasures = Erasures()
        self.haunts = Haunts()
        self.extracts = Extracts()
        self.requests = Requests()

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
            answered = Answered(request, revision, record.at, dossier or _NOBODY)
            self.requests.keep(answered)

    def _apply(self, record: Record, revision: Revision) -> None:
        at = record.at
        match record.event:
            case FactRecorded(fact=fact):
                self._put(fact, at)
            case ChangeProposed() as change:
                proposed_in = change.revision or revision
                self.changes[change.id] = replace(change, revision=proposed_in)
            case ChangeApproved() | ChangeRejected() | ChangeWithdrawn() as event:
                self._apply_change(event, at)
            case CaseOpened() | CaseAssessed() | CaseClosed() as event:
                self.casebook.apply(event, at)
                if isinstance(event, CaseAssessed):
                    self.residents.assessed(event.handle)
            case PlacementRecorded(placement=placement) as event:
                self.standing.apply(event, revision, at)
                self._fit_placement(placement)
            case CoverageAttested(attestation=attestation):
                self.coverage.attest(attestation)
                self.areas.update(attestation.areas)
            case FacilityRegistered(facility=facility):
                self._put_facility(facility, at)
            case Asked() | Evaluated() as spent:
                self.ledger.spend(spent, at)
            case RequestKept(request=request, revision=revision, dossier=dossier):
                self.requests.keep(Answered(request, revision, at, dossier))
            case RollBegun() | AffiliationsKept() as event:
                rolled.take_over(self, event)
            case FactContested(id=key) | ContestWithdrawn(id=key):
                self.facts[key]  # the steps say it; but of nothing they say nothing
            case FactsKept() | FactStepsKept() as event:
                self.histories.keep(event)
            case Previewed() as event:
                self.previews.spend(event, at)
            case Sealed(dossier=dossier):
                self.erasures.miss(dossier)
            case DossiersErased() as erased:
                self._erase(erased, at)
            case _ as elsewhere:
                self._apply_elsewhere(elsewhere, revision, at)

    def _apply_elsewhere(
        self, event: _Elsewhere, revision: Revision, at: Micros
    ) -> None:
        if isinstance(event, NameEvent):
            self.names.apply(event)
        elif isinstance(event, ChangeoverEvent):
            self.changeover.apply(event)
            if isinstance(event, CustodianNamed) and event.ruleset is not None:
                self.rulebook.apply(event.ruleset, revision, at)
        elif isinstance(event, HauntEvent):
            self.haunts.apply(event, at)
        elif isinstance(event, ExtractEvent):
            self.extracts.apply(event, at)
        elif isinstance(event, ImportEvent):
            self.imports.apply(event, revision, at)
        elif isinstance(event, RuleEvent):
            self.rulebook.apply(event, revision, at)
            if isinstance(event, RulesetAdopted):
                self.agenda.follow(event.rules, at)
        elif isinstance(event, FactAmendment | PlacementEnded | MergeEvent):
            self._amend(event, at)
        else:
            self.standing.apply(event, revision, at)

    def _apply_change(
        self, event: ChangeApproved | ChangeRejected | ChangeWithdrawn, at: Micros
    ) -> None:
        change = self.changes.pop(event.id)
        if isinstance(event, ChangeApproved):
            self._approve(change, event.person, at)
        elif isinstance(event, ChangeWithdrawn) or not event.softly:
            self._drop(change, at)

    def _put_facility(self, facility: Facility, at: Micros) -> None:
        self.facilities[facility.token] = facility
        self.haunts.registered[facility.token] = at
        self.areas.add(facility.area)
        self.providers.add(facility.provider)

    def _amend(self, amendment: Amended, at: Micros) -> None:
        if isinstance(amendment, FactAmendment):
            self._put(amended(self.facts[amendment.id], amendment), at)
            return
        match amendment:
            case PlacementEnded(id=key):
                self.standing.apply(amendment, Revision(self.revision + 1), at)
                self._fit_placement(self.placements[key])
            case ProviderLifted():
                self.standing.lift(amendment)
            case GroupsMerged() | GroupsUnmerged():
                self._merge(amendment)
            case ErasureAgreed() | ExtractAgreed():  # an event of its own does it
                return
            case _ as never:
                assert_never(never)

    def _approve(self, change: ChangeProposed, person: str, at: Micros) -> None:
        for fact_id in change.records:
            if not self.erasures.gone(fact_id):
                self._put(replace(self.facts[fact_id], approved=True), at)
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
                self._put(replace(fact, retracted=True), at)

    def _erase(self, event: DossiersErased, at: Micros) -> None:
        """Let nothing be left of facts and cases; whoever was weighed is again."""
        forget(self, set(event.dossiers))
        self.changeover.forget(self)
        self.imports.erase(set(event.dossiers), at)
        self.erasures.add(event.dossiers)
        self.erasures.tallies.add(event.counts)
        self.requests.erase(self.erasures.erased)

    def _put(self, fact: AnyFact, at: Micros) -> None:
        before = self.facts.get(fact.id)
        self.facts[fact.id] = fact
        self.histories.put(before, fact, Revision(self.revision + 1))
        self.calendar.put(fact)
        if fact.retracted:
            self.erasures.retracted.setdefault(fact.id, at)
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
        return unfolding.records(self)
