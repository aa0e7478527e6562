"""Live servers: what a grid hides stays hidden, and planted leaks are found.

The pairs are few, so that these tests say whether the measurement works, and little of
whether the service leaks: that is for ``make timing``. They stay right on a machine that
is busy, for which of two calls comes first is thrown: where nothing leaks, each of the
rows that must be the same is red less than once in a thousand runs.
"""

from dataclasses import replace

import pytest

from tests.timing import run
from tests.timing.measure import HEALTH, Caller, Plan, answers, measured
from tests.timing.plant import Leak
from tests.timing.rows import Must, Row
from tests.timing.run import FEW, PAIRS, STAGES, Stage
from tests.timing.scene import PACE, serving
from tests.timing.scores import Judged, Score

FEWEST = 24
KINDS = {name for both in PAIRS for name in both}


def rows(stage, pairs):
    return list(run.measure(stage, pairs, 3, 1, lambda: None))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_kind_is_answered_as_it_must_be(site, name):
    """Or what is measured would be something else."""
    caller = Caller(site)
    called = [caller.call(site.kinds[name]) for _ in range(2)]
    caller.close()

    assert all(each.good for each in called)
    assert all(each.took >= (PACE - 2) / 1000 for each in called)


@pytest.mark.parametrize("both", PAIRS)
def test_two_kinds_are_asked_in_as_many_bytes(site, both):
    """What differs is not in the question's length."""
    first, second = (site.kinds[name] for name in both)

    assert first.path == second.path
    assert first.make().ByteSize() == second.make().ByteSize()


def test_an_answer_of_another_kind_is_strange(site):
    """It is not timed, and it turns the row red."""
    wrong = replace(site.kinds["clear"], answer="CONFLICT")
    site.kinds["wrong"] = wrong
    (found,) = measured(Plan(site, (("clear", "wrong"),), 3), answers).values()
    del site.kinds["wrong"]

    assert (found.first, found.second, found.strange) == ([], [], 3)


def test_a_neighbour_is_answered_without_a_grid(site):
    """Else nothing would be seen of what goes on beside it."""
    caller = Caller(site, "other")
    answer = caller.ask(HEALTH)(b"", timeout=8)
    caller.close()

    assert answer


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES[:4], ids=lambda stage: stage.name)
def test_the_grid_hides_what_an_answer_says(stage):
    """Answers, what comes next, what comes together, a neighbour: nothing strange.

    So few pairs beside everything else in a suite may differ by chance; four times as
    many then say whether it was that.
    """
    few = replace(stage, both=FEW[:1], part=1)
    got = rows(few, FEWEST)
    if not all(each.green for each in got):
        got = rows(few, 4 * FEWEST)

    assert got
    assert [str(each) for each in got if not each.green] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("leak", "pairs"), [(Leak(300), 40), (Leak(20, late=True), 60)], ids=str
)
def test_a_planted_leak_is_found(leak, pairs, monkeypatch):
    """The gate can fail; so much is found on the busiest machine."""
    monkeypatch.setattr(run, "LEAST", pairs)
    both, must = FEW[:1], Must.DIFFER
    (got,) = rows(Stage("planted", both=both, must=must, leak=leak, alone=True), pairs)

    assert got.strange == 0
    assert got.judged.differ
    assert got.green


def test_a_small_leak_is_planted_twice():
    """With the grid and without: what the grid is for."""
    planted = {(str(each.leak), each.pace > 0, each.must) for each in STAGES}

    assert ("2 ms of work", False, Must.DIFFER) in planted
    assert ("2 ms of work", True, Must.SAME) in planted


@pytest.mark.parametrize(
    ("stage", "pairs", "rounds"),
    [
        (Stage("all"), 60, 60),
        (Stage("all"), 5000, 5000),
        (Stage("part", part=10), 5000, 500),
        (Stage("part", part=10), 500, 100),
        (Stage("part", part=10), 60, 60),
        (Stage("leak", part=10, leak=Leak(1)), 60, 100),
    ],
)
def test_a_part_is_never_too_few(stage, pairs, rounds):
    """At least as many as say something, but no more than were asked for."""
    assert stage.rounds(pairs) == rounds


@pytest.mark.parametrize(("value", "code"), [(1.0, 0), (5.0, 1)])
def test_the_exit_code_says_whether_all_holds(value, code, monkeypatch, capsys):
    """A red row is 1, and the last line says it."""
    judged = Judged(9, (0.1, 0.1), (0.0, 0.0), (Score("signs", value),))
    made = [Row("Grid", "clear / conflict", Must.SAME, judged)]
    monkeypatch.setattr(run, "run", lambda *_: made)
    got = run.main(["--short"])
    last = capsys.readouterr().out.splitlines()[-1]

    assert got == code
    assert last.startswith("This does NOT hold") == bool(code)
