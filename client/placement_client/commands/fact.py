"""``placement fact``: end, retract and regrade facts; others stand beside."""

from dataclasses import dataclass
from typing import Annotated

import typer

from placement.api.v1.registry_service_pb2 import Ending, Regrading
from placement.api.v1.types_pb2 import GradeScheme, SourceGrade
from placement_client.commands import fact_life, record
from placement_client.commands.fact_life import HINTS, Facts
from placement_client.commands.hints import hinted
from placement_client.commands.options import choice, chosen
from placement_client.commands.report import Report
from placement_client.commands.verb import Run, nouns, verb
from placement_client.commands.waiting import pending
from placement_client.days import parse_day
from placement_client.rendering import to_json

app = nouns("Coordinators: record facts, and say what becomes of them.")
app.add_typer(record.app, name="record")
fact_life.register(app)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """When facts stopped."""

    on: Annotated[
        str, typer.Option(metavar="DATE", help="First day it was no longer true.")
    ]


@verb(app, "end")
def end(run: Run, asked: Facts, stopped: Stopped) -> Report:
    """Say that facts stopped being true; their past stays."""
    day = parse_day(stopped.on, field="on", today=run.today)
    endings = [
        Ending(fact_id=key, valid_to_day=day, seen_revision=seen)
        for key, seen in asked.pairs()
    ]
    with hinted(HINTS):
        answer = run.session().registry.end_facts(endings)
    shown = pending(answer.change_id) if answer.change_id else ["Ended."]
    return Report(data=to_json(answer), shown=shown)


@verb(app, "retract")
def retract(run: Run, asked: Facts) -> Report:
    """Say that facts were never true; a second coordinator must approve."""
    with hinted(HINTS):
        answer = run.session().registry.retract_facts(asked.ids(), asked.revisions())
    return Report(data=to_json(answer), shown=pending(answer.change_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """The new grade."""

    grade: Annotated[str, typer.Option(metavar="GRADE", help="As in 2B.")]
    scheme: Annotated[str, choice(GradeScheme, "Scheme of the grade")] = "3x5x2"


@verb(app, "regrade")
def regrade(run: Run, asked: Facts, new: Grade) -> Report:
    """Grade facts' sources anew; a second coordinator must approve."""
    grade = SourceGrade(
        scheme=chosen(GradeScheme, new.scheme, field="scheme"),
        given=new.grade,
    )
    regradings = [
        Regrading(fact_id=key, grade=grade, seen_revision=seen)
        for key, seen in asked.pairs()
    ]
    with hinted(HINTS):
        answer = run.session().registry.regrade_facts(regradings)
    return Report(data=to_json(answer), shown=pending(answer.change_id))
