"""Settings that `pulumi config set` writes reach the program, and its report of mistakes reaches the user."""

from tests.pulumi.project import Project

FUNCTION = "aws:lambda/function:Function"


def test_a_nested_setting_is_set_by_its_path(project: Project) -> None:
    project.init("dev")
    project.set("dev", "--path", "gatehouse:functions.memory", "1024")
    project.set("dev", "--path", "gatehouse:api.corsOrigins[1]", "https://app.example")
    project.set("dev", "gatehouse:tags", '{"team": "core"}')
    for inputs in project.preview("dev").inputs(FUNCTION).values():
        assert inputs["memorySize"] == 1024
        assert inputs["tags"] == {"team": "core"}
    handler = project.preview("dev").inputs(FUNCTION)["items-list"]
    assert handler["environment"]["variables"]["CORS_ORIGINS"] == "http://localhost:3000 https://app.example"


def test_a_secret_reaches_the_program(project: Project) -> None:
    project.init("dev")
    project.set("dev", "--secret", "--path", "gatehouse:functions.memory", "2048")
    assert "2048" not in (project.root / "Pulumi.dev.yaml").read_text()
    assert {each["memorySize"] for each in project.preview("dev").inputs(FUNCTION).values()} == {2048}


def test_every_mistake_is_reported_and_no_secret_is_shown(project: Project) -> None:
    project.init("dev")
    project.set("dev", "--path", "gatehouse:logs.retentionDays", "45")
    project.set("dev", "--path", "gatehouse:functions.size", "2048")
    project.set("dev", "--secret", "--path", "gatehouse:tags.team[0]", "quiet-please")
    project.set("dev", "gatehouse:colour", "red")
    done = project.pulumi("preview", "--stack", "dev")
    assert done.returncode != 0
    printed = done.stdout + done.stderr
    assert "4 invalid settings in Pulumi.dev.yaml" in printed
    for key in ("gatehouse:logs.retentionDays", "gatehouse:functions.size", "gatehouse:tags.team", "gatehouse:colour"):
        assert f"{key}: " in printed
    assert "quiet-please" not in printed
    assert "Traceback" not in printed
