"""Whatever happens in whichever order, no answer becomes milder."""

from hypothesis import example, given
from hypothesis import strategies as st
from kit.changing import (
    NEW,
    OLD,
    OTHER,
    ask,
    begin_changeover,
    belongs,
    end_changeover,
    named,
    offer_pairs,
    town,
    under,
)
from kit.commands import (
    CASEWORKER,
    COORDINATOR,
    NATIONAL,
    SECOND,
    coordinator,
    record_facts,
)
from kit.often import often
from kit.world import subject, token

from placement.domain.changeover import Named
from placement.domain.terms import Verdict
from placement.errors import PlacementError

PEOPLE = st.sampled_from("hpq")
DEEDS = st.one_of(
    st.tuples(st.just("record"), PEOPLE, st.integers(0, 4)),
    st.tuples(st.just("ask"), PEOPLE, st.integers(0, 4)),
    st.tuples(st.just("offer"), PEOPLE, st.integers(0, 2)),
    st.tuples(st.just("lie"), PEOPLE, PEOPLE),
    st.tuples(st.just("begin"), st.integers(0, 1), st.just(0)),
    st.tuples(st.just("end"), st.integers(0, 1), st.integers(0, 3)),
    st.tuples(st.just("give_up"), st.just(0), st.just(0)),
)
HONEST = (COORDINATOR, SECOND, CASEWORKER)
LIAR = coordinator("vast", "co-66")


class Life:
    """What people do, and a world beside it in which everybody has one name for ever."""

    def __init__(self) -> None:
        self.court, self.plain = town(), town()
        self.keys = [token("no key", 32), OLD, NEW]

    def do(self, name, one, other):
        """Do it, unless it is refused; return what was asked, in both worlds."""
        try:
            return getattr(self, name)(one, other)
        except PlacementError:
            return None

    def way(self, person, number):
        """Name somebody by keys that are, were or will be in force."""
        before, now, after = self.keys[-3:]
        ways = [(now,), (now, after), (after,), (before,), (before, now)]
        return named(person, *ways[number])

    def pair(self, person, other):
        _, now, after = self.keys[-3:]
        under_both = ((now, under(now, person)), (after, under(after, other)))
        return Named("pairs[0]", under_both)

    def record(self, person, number):
        self.court.reply(record_facts(belongs(self.way(person, number))))
        self.plain.reply(record_facts(belongs(subject(person))))

    def ask(self, person, number):
        got = ask(self.court, (self.way(person, number),))
        return got, ask(self.plain, (subject(person),))

    def offer(self, person, number):
        pair = self.pair(person, person)
        self.court.reply(offer_pairs(pair, caller=HONEST[number]))

    def lie(self, person, other):
        self.court.reply(offer_pairs(self.pair(person, other), caller=LIAR))

    def begin(self, number, _):
        caller = (NATIONAL, OTHER)[number]
        self.court.reply(begin_changeover(self.keys[-1], caller=caller))

    def end(self, number, left):
        caller, key = (NATIONAL, OTHER)[number], self.keys[-1]
        self.court.reply(end_changeover(left, to_key=key, caller=caller))
        if self.court.state.changeover.key == key:
            self.keys.append(token(f"key {len(self.keys)}", 32))

    def give_up(self, *_):
        self.court.reply(end_changeover(to_key=self.keys[-1], give_up=True))


BEGIN = [("begin", 0, 0), ("begin", 1, 0)]
OFFER = [("offer", "h", 0), ("offer", "h", 2)]
END = [("end", 0, 0), ("end", 1, 0)]
ASK = [("ask", "h", 0), ("ask", "p", 0)]


@often(200)
@given(st.lists(DEEDS, max_size=40))
@example([("record", "h", 0), *BEGIN, ("lie", "h", "p"), *END, *ASK])
@example([("record", "h", 0), *2 * (*BEGIN, *OFFER, *END), *ASK])
def test_no_order_of_events_makes_an_answer_milder(deeds):
    """While nobody is left, it is the same; else it is never CLEAR. One liar or none."""
    life = Life()
    for deed in deeds:
        asked = life.do(*deed)
        if asked is None:
            continue
        got, expected = asked
        if life.court.state.changeover.left:
            assert got >= Verdict.UNKNOWN
        else:
            assert got == expected


def test_the_orders_of_events_reach_what_they_should():
    """Ends with and without somebody left, and a question after each."""
    whole = [
        ("record", "h", 0),
        ("begin", 0, 0),
        ("begin", 1, 0),
        ("lie", "h", "p"),
        ("offer", "h", 0),
        ("offer", "h", 2),
        ("end", 0, 0),
        ("end", 1, 0),
        ("ask", "h", 0),
    ]
    left = [*whole[:3], ("end", 0, 1), ("end", 1, 1), ("ask", "h", 0)]
    life, other = Life(), Life()
    got = [life.do(*deed) for deed in whole][-1]
    worse = [other.do(*deed) for deed in left][-1]

    assert got == (Verdict.CONFLICT, Verdict.CONFLICT)
    assert worse == (Verdict.UNKNOWN, Verdict.CONFLICT)
