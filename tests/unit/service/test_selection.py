"""What a filter selects is what a naive look at everything selects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.commands import open_case
from kit.engines import answer
from kit.often import often
from kit.story import OTHER_AUDITOR, TEXTS, ReadingRoom, filters, naive
from kit.world import token

from placement.audit.details import opened
from placement.audit.entry import parse, render
from placement.domain.decide.searches import Filter
from placement.domain.terms import Verdict
from placement.errors import TamperedError
from placement.service.selection import Selection
from placement.store.leaves import Kept

_SLOW = often(20)


@pytest.fixture(scope="session")
def leaves(library):
    return library.store.entries(0, 10_000)


def selected(library, leaves, asked):
    """Return the indexes of what a filter selects, whatever period it has."""
    review = ReadingRoom(library.store).review
    selection = review.selection(asked, library.named(asked))
    found = [each for leaf in leaves if (each := selection.find(leaf)) is not None]
    for each in found:
        assert parse(each.content) == each.entry
        assert each.opened is None or opened(each.details, each.entry.details)
    return [each.index for each in found]


def expected(library, asked):
    return naive(library.story, asked, library.named(asked) or set())


def test_the_empty_filter_selects_everything(library, leaves):
    """Those without their details too."""
    got = selected(library, leaves, Filter())

    assert got == list(range(len(library.story)))
    assert sum(told.outline is None for told in library.story) > 10


@pytest.mark.parametrize("name", TEXTS)
def test_each_text_alone(library, leaves, name):
    """Every value that occurs, compared whole; and those that don't."""
    values = {getattr(told.entry, name) for told in library.story} - {""}
    for value in (*sorted(values), "nowhere", min(values)[:-1], min(values) + "x"):
        asked = Filter(**{name: value})

        assert selected(library, leaves, asked) == expected(library, asked)
    for value in values:
        assert selected(library, leaves, Filter(**{name: value}))


@pytest.mark.parametrize("verdict", Verdict)
def test_each_verdict_alone(library, leaves, verdict):
    """Given for one place at least."""
    asked = Filter(verdict=verdict)
    got = selected(library, leaves, asked)

    assert got == expected(library, asked)
    assert {library.story[index].entry.action for index in got} == {"CHECK"}


def test_a_period_alone(library, leaves):
    """From its first instant to the one before its last."""
    times = sorted({told.entry.at for told in library.story})
    for at in (0, times[0], times[0] + 1, times[7], times[-1], times[-1] + 1):
        for asked in (Filter(since=at), Filter(until=at), Filter(since=at, until=at)):
            assert selected(library, leaves, asked) == expected(library, asked)


@pytest.mark.slow
def test_a_case_is_found_by_handle_alias_and_reference(library, leaves):
    """The same entries each way, but for searches that named it otherwise."""
    owned = {told.index: told for told in library.story if told.matter is not None}
    for (organisation, reference), cases in library.cases.items():
        found = set()
        for case in cases:
            by_handle = selected(library, leaves, Filter(case=case))
            alias = owned[by_handle[0]].outline.case

            assert by_handle == expected(library, Filter(case=case))
            assert {owned[index].outline.case for index in by_handle} == {alias}
            assert selected(library, leaves, Filter(case=alias)) == by_handle
            found |= set(by_handle)
        asked = Filter(organisation=organisation, reference=reference)
        own = {
            index for index in found if owned[index].entry.organisation == organisation
        }

        assert selected(library, leaves, asked) == sorted(own)
        assert own < found  # coordinators' and auditors' entries are of others


def test_a_reference_that_names_no_case_selects_nothing(library, leaves):
    """Nor does one of another municipality."""
    for asked in (
        Filter(organisation="1280", reference="SN 99"),
        Filter(organisation="0380", reference="SN 1"),
    ):
        assert selected(library, leaves, asked) == []


def test_a_case_and_a_reference_must_both_fit(library, leaves):
    """A handle under another case's number is nothing."""
    (organisation, reference), cases = next(iter(library.cases.items()))
    case = min(cases)
    asked = Filter(organisation=organisation, reference=reference, case=case)
    other = next(each for key, each in library.cases.items() if key[1] != reference)
    wrong = Filter(organisation=organisation, reference=reference, case=min(other))

    assert selected(library, leaves, asked) == expected(library, asked) != []
    assert selected(library, leaves, wrong) == []


def test_an_unknown_case_selects_who_looked_for_it(library, leaves):
    """Nothing else is of it."""
    asked = Filter(case=token("unknown 1"))
    got = selected(library, leaves, asked)

    assert got == expected(library, asked) != []
    assert {library.story[index].entry.person for index in got} == {
        OTHER_AUDITOR.person
    }
    assert selected(library, leaves, Filter(case=token("never"))) == []


@pytest.mark.slow
def test_each_decision_is_of_one_entry(library, leaves):
    """Every place asked about has its own."""
    decisions = {
        decision: told.index
        for told in library.story
        if told.outline is not None
        for decision in told.outline.decisions
    }
    assert len(decisions) > 100
    for decision in [*decisions][::5]:
        asked = Filter(decision=decision)

        assert selected(library, leaves, asked) == [decisions[decision]]
    assert selected(library, leaves, Filter(decision=token("none"))) == []


def test_half_a_decision_is_none(library, leaves):
    """Bytes that stand there in another place, or in part, are passed by."""
    decision = next(
        told.outline.decisions for told in library.story if _two(told.outline)
    )
    straddling = decision[0][8:] + decision[1][:8]

    assert selected(library, leaves, Filter(decision=straddling)) == []
    assert selected(library, leaves, Filter(case=decision[0])) == []


def _two(outline):
    return outline is not None and len(outline.decisions) > 1


@pytest.mark.slow
@_SLOW
@given(st.data())
def test_fields_together(library, leaves, data):
    """Whatever is combined, all of it must fit; indexes are for who reads."""
    asked = data.draw(filters(library.story, library.cases))
    first, end = asked.first or 0, len(leaves) if asked.end is None else asked.end
    got = [index for index in selected(library, leaves, asked) if first <= index < end]

    assert got == expected(library, asked)


# What does not verify


def selection_of(asked, details):
    return Selection(asked, None, alias=bytes, details=lambda _: details)


def test_a_leaf_that_is_no_entry_is_met(engine, store):
    """Though it holds the bytes that are looked for."""
    answer(engine, open_case("h"))
    (leaf,) = store.entries(0, 1)
    altered = Kept(0, leaf.entry + b"\0", leaf.sealed)
    with pytest.raises(TamperedError):
        selection_of(Filter(action="CASE_OPEN"), b"").find(altered)


def test_details_of_another_entry_are_met(engine, store):
    """They don't lead to the commitment."""
    for name in "hi":
        answer(engine, open_case(name))
    first, second = store.entries(0, 2)
    content = store.leaves.details(second)
    alias = opened(content, parse(second.entry).details).outline.case
    with pytest.raises(TamperedError):
        selection_of(Filter(case=alias), content).find(first)
    found = selection_of(Filter(), content).find(first)
    with pytest.raises(TamperedError):
        _ = found.opened


def test_what_holds_the_bytes_elsewhere_is_passed_by(engine, store):
    """A word in one field is none in another."""
    answer(engine, open_case("h"))
    (leaf,) = store.entries(0, 1)
    entry = parse(leaf.entry)
    for asked in (
        Filter(person=entry.organisation),
        Filter(role=entry.action),
        Filter(outcome="ANSWERED", purpose=entry.outcome),
    ):
        assert selection_of(asked, b"").find(leaf) is None
    assert render(entry) == leaf.entry
