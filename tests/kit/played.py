"""Every kind of command, answered once by an engine, and what was named in them."""

from collections.abc import Callable
from typing import Any

from kit import importing, living, ruled
from kit.changing import (
    NEW,
    begin_changeover,
    end_changeover,
    offer_pairs,
    show_changeover,
)
from kit.changing import OTHER as OTHER_NATIONAL
from kit.commands import (
    COORDINATOR,
    MOMENT,
    NATIONAL,
    approve,
    assess_case,
    attest,
    check,
    close_case,
    draft,
    end_facts,
    end_placements,
    evaluate,
    list_changes,
    list_entries,
    list_groups,
    open_case,
    placement,
    presence,
    read_receipt,
    record_facts,
    record_placements,
    register_facilities,
    register_groups,
    regrade_facts,
    retract_facts,
    search,
    show_budgets,
    show_case,
    show_change,
)
from kit.drawn import phantom, phantoms
from kit.engines import answer
from kit.erasing import approve_erasure, list_expired, propose_erasure
from kit.extracting import (
    approve_extract,
    propose_extract,
    read_extract,
    show_extract,
)
from kit.haunting import lift, size
from kit.naming import (
    OTHER,
    begin,
    end,
    hand_key_over,
    merge_groups,
    name_groups,
    publish,
    renew,
    show_label_keys,
)
from kit.steps import (
    abort,
    acknowledge,
    close_alert,
    confirm,
    explain,
    extend,
    hand_over,
    hold,
    idle,
    list_alerts,
    list_permits,
    move,
    move_in,
    move_out,
    propose_override,
    reevaluate,
    release,
    release_place,
    show_alert,
    show_override,
    sign_override,
    stop_provider,
    tell_alerts,
    tick,
    watch_alerts,
)
from kit.world import TODAY, subject, token
from placement.domain.changeover import Named
from placement.domain.decide import searches
from placement.domain.decide.command import Command
from placement.domain.decide.searches import Filter
from placement.domain.facts import Affiliation, Tie
from placement.domain.phantoms import NOBODY
from placement.domain.questions import Candidate
from placement.domain.terms import MICROS_AN_HOUR, AffiliationRole, FactId, Window
from placement.service import fold
from placement.service.engine import Engine
from placement.service.staged import StagedRows
from placement.store.log import Store

REFERENCE = "SN 4711"
SECRETS = {
    "subject": subject("secret subject"),
    "second subject": subject("secret child"),
    "case": token("secret case"),
    "reference": REFERENCE.encode(),
    "area": b"2480",
    "group": token("secret group"),
    "facility": token("secret house"),
    "provider": token("secret firm"),
}
"""What no auditor may find anywhere."""
FAR = Window(start=TODAY + 100)
"""Days that nobody knows yet, so that the verdict is UNKNOWN."""


class Play:
    """Has commands answered, and remembers what each kind of them named.

    Args:
        engine: answers; it does nothing by itself.
        store: its own.
        clock: its own; it is set ahead in the end.

    Attributes:
        named: objects by action, of the last command of each.
    """

    def __init__(self, engine: Engine, store: Store, clock: Any) -> None:
        self._engine = engine
        self._clock = clock
        self._store = store
        self.named: dict[str, tuple[bytes, ...]] = {}

    def ask(self, command: Command, *objects: bytes) -> Any:
        """Have a command answered that names some objects."""
        self.named[command.action.name] = objects
        return answer(self._engine, command).reply

    def made(self, command: Command, *objects: bytes) -> tuple[bytes, ...]:
        """Have a command answered that names some, and what it makes; return that."""
        ids: tuple[bytes, ...] = tuple(filter(None, self.ask(command).ids))
        self.named[command.action.name] = (*objects, *ids)
        return ids

    def played(self) -> dict[str, tuple[bytes, ...]]:
        """Have every kind of command answered once; return what each of them named."""
        case = SECRETS["case"]
        self._groups_and_case(case)
        self._facts()
        self._steps(case)
        self._permits(case)
        self._alerts(case)
        self.ask(evaluate())
        self._searches(case)
        self._imports()
        self._erasure()
        self._extract()
        self._rules()
        self._changeover()
        self.ask(show_budgets(case, "2480"))
        self.ask(close_case(case))
        self.ask(idle())
        return self.named

    def held(self, case: bytes, area: str | Candidate, **given: Any) -> bytes:
        """Hold a place; return the hold."""
        command = hold(case, area, **given)
        made: bytes = self.ask(command, command.hold or b"").answers[0].hold.id
        return made

    def _groups_and_case(self, case: bytes) -> None:
        member = {
            "subject": SECRETS["subject"],
            "group": SECRETS["group"],
            "role": AffiliationRole.CORE,
        }
        self.ask(register_groups("secret group"))
        self.ask(list_groups())
        self.ask(register_groups("rival"))
        self.made(merge_groups("secret group", "rival"))
        self._label_keys()
        houses = (("secret house", "secret firm", "2480"), ("house", "firm", "0180"))
        self.ask(register_facilities(*houses, new=[0, 1]))
        household = ("secret subject", "secret child")
        self.ask(open_case(*household, handle=case, reference=REFERENCE))
        known = draft(Affiliation, "affiliation", **member)
        self.made(assess_case(case, known, caller=NATIONAL))
        self.ask(show_case(case))

    def _label_keys(self) -> None:
        self.ask(name_groups(("secret group", "alias")))
        self.ask(publish(OTHER))
        self.ask(hand_key_over(OTHER))
        self.ask(show_label_keys())
        self.ask(begin(OTHER, from_key=b""))
        self.ask(renew("secret group", "rival", "alias"))
        self.ask(end(give_up=True))

    def _changeover(self) -> None:
        key = self._engine._custodian
        begun = (begin_changeover(), begin_changeover(caller=OTHER_NATIONAL))
        for command in begun:
            self.ask(command, command.to_key[:16])
        known = ((key, SECRETS["subject"]), (NEW, subject("under the next key")))
        self.ask(offer_pairs(Named("pairs[0]", known)))
        self.ask(show_changeover())
        over = end_changeover(give_up=True)
        self.ask(over, over.to_key[:16])

    def _facts(self) -> None:
        stays = presence("secret group", "2480", valid_from=TODAY - 9)
        (fact,) = self.made(record_facts(stays))
        seldom = presence("secret group", "2480", kind="OCCASIONAL")
        (ended,) = self.made(record_facts(seldom))
        self.made(end_facts((ended, 0)), ended)
        (change,) = self.made(regrade_facts(fact), fact)
        self.ask(approve(change), change)
        self._lives()
        (change,) = self.made(retract_facts(fact), fact)
        self.ask(list_changes())
        self.ask(show_change(change), change)
        self.ask(approve(change), change)
        # As if it had never been there, so that nothing is left but what is unknown.
        self.made(retract_facts(ended), ended)
        self.ask(approve(self.named["FACT_RETRACT"][1]), self.named["FACT_RETRACT"][1])
        self.made(attest(caller=NATIONAL))

    def _erasure(self) -> None:
        long_ago = {"valid_from": TODAY - 9000, "valid_to": TODAY - 8000}
        over = presence("secret group", "2480", **long_ago)
        (fact,) = self.made(record_facts(over))
        self.made(size("secret group"))
        self.ask(list_expired())
        (change,) = self.made(propose_erasure(fact), fact)
        self.ask(approve_erasure(change), change)

    def _extract(self) -> None:
        who = "secret subject"
        (change,) = self.made(propose_extract(who))
        seen = self.ask(show_extract(change, who), change).seen
        self.ask(approve_extract(change, who, seen=seen), change)
        self.ask(read_extract(change, who), change)

    def _lives(self) -> None:
        threat = presence("secret group", "2480", valid_from=TODAY - 9)
        (fact,) = self.made(record_facts(threat))
        instead = presence("secret group", "0180", "BASE")
        (new, change) = self.made(living.amend_facts((fact, instead)), fact)
        self.made(living.renew_facts(fact), fact)
        self.ask(living.contest_facts(fact), fact)
        self.ask(living.show_fact(fact), fact)
        listed = self.ask(living.list_facts()).facts
        self.named["FACT_LIST"] = tuple(view.fact.id for view in listed)
        self._clock.now += 73 * MICROS_AN_HOUR
        (change,) = self.made(living.propose_facts(new), new)
        (retraction,) = self.made(living.reject(change), change)
        self.ask(approve(retraction, caller=COORDINATOR), retraction)
        queued = self.ask(living.list_reviews()).items
        self.named["REVIEW_LIST"] = tuple(item.view.fact.id for item in queued)
        self.ask(living.show_coverage())
        self.ask(living.report_reviews())
        (change,) = self.made(retract_facts(fact), fact)
        self.ask(living.begin_preview(change), change)
        self.ask(living.weigh_preview(change=change), change)
        self.ask(living.withdraw(change), change)
        (change,) = self.made(retract_facts(fact), fact)
        self.ask(approve(change), change)

    def _steps(self, case: bytes) -> None:
        house = Candidate(area="2480", facility=SECRETS["facility"])
        self.ask(check(case, house, "0180"))
        first, other = self.held(case, house), self.held(case, "0580")
        self.ask(extend(first), first)
        self.ask(confirm(first), first)
        self.ask(move_in(first), first)
        self.ask(move(first, other), first, other)
        self.ask(move_out(other), other)
        nobodys = self.held(case, "0580")
        self.ask(confirm(nobodys), nobodys)
        self.ask(abort(nobodys), nobodys)
        given_up = self.held(case, house)
        self.ask(release(given_up), given_up)
        stay = placement(case, facility="secret house")
        self.ask(record_placements(stay, caller=NATIONAL), stay.id)
        (change,) = self.made(end_placements((stay.id, 0)), stay.id)
        self.ask(approve(change), change)

    def _permits(self, case: bytes) -> None:
        there = {"area": "2480", "facility": "secret house"}
        self._lift(case)
        self.ask(explain(case, caller=COORDINATOR, **there))
        seen = self.ask(explain(case, caller=COORDINATOR, window=FAR, **there)).seen
        self.made(release_place(case, seen, window=FAR, **there))
        (override,) = self.made(propose_override(case, **there))
        shown = self.ask(show_override(override), override)
        self.ask(sign_override(override, shown.explained.seen), override)
        self.ask(stop_provider("firm"), token("firm"))

    def _lift(self, case: bytes) -> None:
        now = self._clock.now
        there = phantoms(phantom("secret group", "0580", now, gone=2 * now))
        self._engine._haunting.of = lambda *_: there
        seen = self.ask(explain(case, caller=COORDINATOR, area="0580")).seen
        self.made(lift(case, seen, area="0580"))
        self._engine._haunting.of = lambda *_: NOBODY

    def _alerts(self, case: bytes) -> None:
        house = Candidate(area="2480", facility=SECRETS["facility"])
        hold_id = self.held(case, house)
        self.ask(confirm(hold_id), hold_id)
        lapsing = self.held(case, "0180")
        tie = draft(Tie, "tie", subject=SECRETS["subject"], area="2480", danger=False)
        self.made(record_facts(tie))
        state, _ = fold.load(self._store)
        self.ask(reevaluate(state.revision, hold_id))
        state, _ = fold.load(self._store)
        (alarm,) = state.alerts.not_closed()
        self.named["REEVALUATE"] = (hold_id, alarm.id)
        self.ask(watch_alerts())
        self.ask(tell_alerts(alarm.id), alarm.id)
        self.ask(list_alerts(), alarm.id)
        self.ask(show_alert(alarm.id), alarm.id)
        self._handle(acknowledge, alarm.id)
        self._handle(hand_over, alarm.id, "vast")
        self._handle(acknowledge, alarm.id)
        self._handle(close_alert, alarm.id)
        self._clock.now += 73 * MICROS_AN_HOUR
        self.ask(tick(), lapsing)

    def _imports(self) -> None:
        row = importing.row(presence("secret group", "1281"))
        fact = self.made(record_facts(presence("secret group", "1283")))[0]
        self.ask(importing.try_(row, importing.row(ends=(fact, TODAY))), fact)
        (key,) = self.made(importing.begin())
        self.ask(importing.append(key, row), key)
        self.ask(importing.finish(key, importing.over(row)), key)
        self.ask(importing.show(key), key)
        part = self.ask(importing.read(key), key).part
        self.ask(importing.list_())
        self.ask(importing.approve(key, importing.over(row)), key)
        staged = StagedRows(self._store)(part.revision)
        self.ask(importing.take(staged), key)
        (key,) = self.made(importing.begin())
        self.ask(importing.cancel(key), key)

    def _rules(self) -> None:
        (key,) = self.made(ruled.propose())
        standing = self.ask(ruled.plan(key)).plan
        self.named["RULESET_SHADOW"] = (key, *standing)
        self.ask(ruled.approve(key, ruled.ruleset().digest), key)
        self.ask(ruled.list_())
        self.ask(ruled.show(key), key)
        (key,) = self.made(ruled.propose(ruled.text("2026-12-2")))
        self.ask(ruled.withdraw(key), key)

    def _handle(self, kind: Callable[..., Command], alert: FactId, *given: str) -> None:
        """Change an alert as it stands."""
        state, _ = fold.load(self._store)
        shown = state.alerts[alert].revision
        self.ask(kind(alert, *given, shown=shown), alert)

    def _searches(self, case: bytes) -> None:
        sought = Filter(
            case=case, reference=REFERENCE, organisation="1280", person="cw-01"
        )
        self.ask(list_entries(sought))
        self.ask(search(searches.ShowEntry, first=0, end=1))
        self.ask(search(searches.TailEntries))
        self.ask(search(searches.ExportEntries, first=0))
        self.ask(search(searches.ReplayDecision, decision=token("decision")))
        self.ask(search(searches.ReportAnomalies, since=MOMENT.now))
        self.ask(list_permits())
        self.ask(read_receipt())
