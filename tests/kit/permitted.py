"""Places had despite what was answered: what is seen of them, released, overridden."""

from kit.steps import (
    Stage,
    explain,
    hold,
    propose_override,
    release_place,
    show_override,
    sign_override,
)


def seen(stage: Stage, case: bytes, **given) -> bytes:
    """Return the digest of what a coordinator sees of a place."""
    return stage.court.reply(explain(case, **given)).seen


def released(stage: Stage, case: bytes, **given) -> bytes:
    """Return a release of a place as it is."""
    command = release_place(case, seen(stage, case, **given), **given)
    return stage.court.reply(command).ids[0]


def overridden(stage: Stage, case: bytes, **given) -> bytes:
    """Return an override that is signed."""
    (permit,) = stage.court.reply(propose_override(case, **given)).ids
    digest = stage.court.reply(show_override(permit)).explained.seen
    stage.court.reply(sign_override(permit, digest))
    return permit


def holds(stage: Stage, case: bytes, **given) -> bool:
    """Tell whether a place is held for the asking."""
    (answer,) = stage.court.reply(hold(case, **given)).answers
    return answer.hold is not None
