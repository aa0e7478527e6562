"""What a search passes by can't hold what it looks for, and costs it nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.faults import damage

from placement.audit.details import Outline
from placement.audit.entry import Entry
from placement.errors import TamperedError, UnavailableError
from placement.service import index as index_module
from placement.service.index import FAR, NEAR, Bloom, Index, Indexer, words_of
from placement.service.manners import StoppedError
from placement.service.selection import Found, word

WORDS = st.sets(st.integers(0, 2**64 - 1), max_size=300)


def found(index, person="cw-01"):
    entry = Entry(
        at=index, kind="DISCLOSURE", action="CHECK", person=person, outcome="ANSWERED"
    )
    return Found(index, b"", entry, None)


class Kept:
    """Summaries in memory."""

    def __init__(self):
        self.made = {}
        self.reads = []

    def read(self, level, first, count):
        self.reads.append((level, first, count))
        numbers = range(first, first + count)
        return {n: self.made[level, n] for n in numbers if (level, n) in self.made}

    def count(self, level):
        return 1 + max((n for kind, n in self.made if kind == level), default=-1)

    def write(self, level, index, content):
        self.made[level, index] = content


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def log():
    return {"size": 0, "people": {}, "opened": []}


@pytest.fixture
def indexer(kept, log):
    return made(kept, log)


def made(kept, log, condemn=lambda: None):
    def whole(start, end):
        log["opened"].append((start, end))
        for index in range(start, end):
            yield found(index, log["people"].get(index, "cw-01"))

    return Indexer(kept, size=lambda: log["size"], whole=whole, condemn=condemn)


def passed(kept, wanted, start, end):
    """Return which indexes a walk passes by; there is no gap in it."""
    at, result = start, set()
    for stretch in Index(kept).walk(wanted, start, end):
        assert stretch.start == at
        at = stretch.end
        if stretch.passed:
            result |= set(range(stretch.start, stretch.end))
    assert at == max(start, end)
    return result


def person(name):
    return (frozenset({word("person", name.encode())}),)


@given(WORDS, st.sampled_from([NEAR, FAR]))
def test_what_is_there_is_never_denied(words, level):
    """A filter of bits errs on one side alone."""
    bloom = Bloom(Bloom.of(level, words))

    assert all(bloom.may_hold((frozenset({each}),)) for each in words)
    assert bloom.may_hold(())


@pytest.mark.parametrize(("level", "size"), [(NEAR, 1020), (FAR, 65_532)])
def test_a_summary_has_one_size(level, size):
    """However much or little stands there."""
    assert len(Bloom.of(level, ())) == size
    assert len(Bloom.of(level, range(5000))) == size


def test_what_is_not_there_is_mostly_denied():
    """Of 800 words, as many as 256 entries may have, one in fifty errs at most."""
    bloom = Bloom(
        Bloom.of(NEAR, (word("case", bytes([n >> 8, n & 255])) for n in range(800)))
    )
    asked = [(frozenset({word("person", b"%d" % n)}),) for n in range(2000)]

    assert sum(map(bloom.may_hold, asked)) < 40


def test_of_each_group_one_is_enough_and_one_is_needed():
    """Groups are joined by "and", the words of one by "or"."""
    bloom = Bloom(Bloom.of(NEAR, [1 << 40, 2 << 40]))
    there, away = frozenset({1 << 40}), frozenset({99 << 40})

    assert bloom.may_hold((there | away, frozenset({2 << 40})))
    assert not bloom.may_hold((there, away))
    assert not bloom.may_hold((frozenset(),))


def test_the_words_of_an_entry():
    """Each field that a filter compares, the case's alias, each verdict."""
    entry = found(0).entry
    outline = Outline(case=b"alias", verdicts=(1, 4))
    without = set(words_of(entry, None))
    got = set(words_of(entry, outline))

    assert got - without == {
        word("case", b"alias"),
        word("verdict", b"\x01"),
        word("verdict", b"\x04"),
    }
    assert word("person", b"cw-01") in without
    assert len(without) == 7


def test_only_what_is_complete_is_summed_up(kept, log, indexer):
    """The rest waits until it is, and nothing is made twice."""
    log["size"] = 3 * 256 - 1
    indexer.catch_up()

    assert set(kept.made) == {(NEAR, 0), (NEAR, 1)}

    log["size"] += 1
    indexer.catch_up()

    assert set(kept.made) == {(NEAR, 0), (NEAR, 1), (NEAR, 2)}
    assert log["opened"] == [(0, 256), (256, 512), (512, 768)]


@pytest.mark.slow
def test_a_large_stretch_follows_its_small_ones(kept, log, indexer):
    """It holds the words of all of them, also when another server begins in it."""
    log["people"] = {5: "cw-02", 65_000: "cw-03"}
    log["size"] = 65_536 - 256
    indexer.catch_up()
    later = made(kept, log)
    log["size"] = 2 * 65_536
    later.catch_up()
    bloom = Bloom(kept.made[FAR, 0])

    assert {index for level, index in kept.made if level == FAR} == {0, 1}
    assert all(map(bloom.may_hold, map(person, ("cw-01", "cw-02", "cw-03"))))
    assert not Bloom(kept.made[FAR, 1]).may_hold(person("cw-02"))


@pytest.mark.slow
def test_who_comes_late_goes_on_where_another_is(kept, log, indexer):
    """What another server has made is not made again."""
    log["size"] = 65_536
    indexer.catch_up()
    log["opened"].clear()
    log["size"] += 256
    made(kept, log).catch_up()

    assert log["opened"] == [(65_536, 65_792)]


@pytest.mark.slow
def test_what_cannot_be_there_is_passed_by(kept, log, indexer):
    """Whole stretches, small and large; what has no summary is looked at."""
    log["people"] = {300: "cw-02", 70_000: "cw-02"}
    log["size"] = 2 * 65_536 + 600
    indexer.catch_up()
    got = passed(kept, person("cw-02"), 10, log["size"])
    looked_at = set(range(10, log["size"])) - got

    assert {300, 70_000} <= looked_at
    assert set(range(2 * 65_536 + 512, log["size"])) <= looked_at
    assert len(looked_at) < 2_000


def test_without_summaries_everything_is_looked_at(kept):
    """A search never depends on them."""
    assert passed(kept, person("cw-02"), 3, 70_000) == set()


def test_who_looks_for_everything_reads_no_summary(kept):
    """Nothing could be passed by."""
    assert passed(kept, (), 3, 70_000) == set()
    assert kept.reads == []


@pytest.mark.parametrize(("start", "end"), [(5, 5), (9, 3)])
def test_nothing_is_walked_through_at_once(kept, start, end):
    """An empty part has no stretches."""
    assert list(Index(kept).walk(person("cw-02"), start, end)) == []


def test_the_thread_makes_them_and_stops(kept, log, monkeypatch):
    """In between it sleeps."""
    monkeypatch.setattr(index_module, "_PAUSE", 0.01)
    log["size"] = 256
    indexer = made(kept, log)
    indexer.start()
    while not kept.made:
        pass
    indexer.stop()

    assert set(kept.made) == {(NEAR, 0)}
    made(kept, log).stop()  # one that never began ends too


def test_it_gives_way_behind_each_entry(kept, log, indexer):
    """A stretch whose summary was begun and left is begun again."""
    log["size"], left = 512, [256]

    def pace():
        left[0] -= 1
        if left[0] < 0:
            raise StoppedError

    with pytest.raises(StoppedError):
        indexer.catch_up(pace)
    summed = [set(kept.made)]
    indexer.catch_up()
    summed.append(set(kept.made))

    assert summed == [{(NEAR, 0)}, {(NEAR, 0), (NEAR, 1)}]
    assert log["opened"] == [(0, 256), (256, 512), (256, 512)]


def test_a_server_that_stops_leaves_a_stretch(kept, log, monkeypatch):
    """In the middle of it; that condemns nobody."""
    monkeypatch.setattr(index_module, "_PAUSE", 0.01)
    log["size"], told = 256, []
    indexer = made(kept, log, lambda: told.append(True))
    whole = indexer._whole

    def stopped(start, end):
        for each in whole(start, end):
            indexer._stopping.set()
            yield each

    indexer._whole = stopped
    indexer.start()
    indexer._thread.join(20)

    assert (indexer._thread.is_alive(), kept.made, told) == (False, {}, [])


@pytest.mark.parametrize(
    ("error", "condemned"),
    [(TamperedError(), True), (damage(), True), (UnavailableError(), False)],
)
def test_what_does_not_verify_condemns(kept, log, monkeypatch, error, condemned):
    """A database that does not answer is only late."""
    monkeypatch.setattr(index_module, "_PAUSE", 0.01)
    told, tries = [], []

    def fail(level):
        tries.append(level)
        raise error

    kept.count = fail
    indexer = made(kept, log, lambda: told.append(True))
    indexer.start()
    while len(tries) < (1 if condemned else 2):
        pass
    indexer.stop()

    assert bool(told) is condemned
