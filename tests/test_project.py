"""project.yml: what its commands need and leave fits together."""

from pathlib import Path

import pytest
from weasel.util import load_project_config

ROOT = Path(__file__).parent.parent


@pytest.fixture
def project():
    return load_project_config(ROOT, overrides={"vars.msra": "/data/msra"})


def test_each_workflow_makes_what_its_next_command_needs(project):
    commands = {command["name"]: command for command in project["commands"]}
    for steps in project["workflows"].values():
        made = set()
        for name in steps:
            for need in commands[name]["deps"]:
                given = need.startswith(("assets/", "configs/", "/data/msra/"))
                assert given or need in made, (name, need)
            made.update(commands[name]["outputs"])


def test_what_comes_with_the_repository_is_there(project):
    commands = {command["name"]: command for command in project["commands"]}
    for name in project["workflows"]["all"]:
        for need in commands[name]["deps"]:
            if need.startswith(("assets/", "configs/")):
                assert (ROOT / need).exists(), (name, need)


def test_every_command_says_what_it_is_for(project):
    assert all(command["help"] for command in project["commands"])
    convert = next(c for c in project["commands"] if c["name"] == "convert-msra")
    assert convert["deps"] == ["/data/msra/train.bio", "/data/msra/test.bio"]
