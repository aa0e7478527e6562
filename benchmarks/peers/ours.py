"""Our own rules over our own state: what the others are beside."""

import time

from benchmarks.nation import Answer, Asked, Nation
from benchmarks.registry import Registry
from placement.app import read_ruleset
from placement.domain.questions import Question
from placement.domain.rules import assess
from placement.domain.terms import Micros, stockholm_day


class Ours:
    """The rules alone: no wire, no budget, no phantom stays, no access log."""

    def __init__(self, nation: Nation) -> None:
        now = Micros(time.time_ns() // 1000)
        self._today = stockholm_day(now)
        self.registry = Registry(nation, now)
        self.state = self.registry.state()
        self._ruleset = read_ruleset(None)
        self._questions: dict[Asked, Question] = {}

    def answer(self, asked: Asked) -> Answer:
        """Answer a question."""
        question = self._questions.get(asked)
        if question is None:  # a case is on record before anybody asks about it
            question = self._questions[asked] = self.registry.question(asked)
        found = assess(self.state, question, self._ruleset, self._today)
        return tuple(int(each.verdict) for each in found)
