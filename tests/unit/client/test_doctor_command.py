"""``doctor``: what it prints and exits with."""


def test_doctor_says_what_it_finds(cli):
    """Green is 0."""
    result = cli("doctor")
    code, data = cli.json("doctor")

    assert result.exit_code == 0
    assert "You are caseworker cw-01 of Göteborg." in result.stdout
    assert (code, data["ok"]) == (0, True)
    assert data["findings"][0] == {
        "step": "context",
        "level": "ok",
        "text": f"The context asks {cli.profile.server}.",
    }


def test_doctor_fails_with_three(cli):
    """Something that keeps calls from succeeding."""
    cli.add("b")
    code, data = cli.json("doctor", "--context", "b")

    assert (code, data["ok"]) == (3, False)


def test_doctor_starts_from_nothing(cli, tmp_path):
    """Without a context the first step says how to add one."""
    result = cli("doctor", PLACEMENT_CONFIG=str(tmp_path / "none.toml"))

    assert result.exit_code == 3
    assert "placement context add" in result.stdout
