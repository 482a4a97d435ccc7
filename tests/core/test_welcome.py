"""What meets others first: licences, metadata, and the files that other programs read agree and are valid."""

import hashlib
import json
import re
import subprocess
import tomllib

import pytest
import yaml

from tests.conftest import ROOT
from tools import setup

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
VERSIONS = [f"3.{minor}" for minor in range(setup.OLDEST[1], setup.NEWEST[1] + 1)]
TEXTS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    ".github/pull_request_template.md",
    "docs/instructor_guide.md",
)


def read_yaml(name: str):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def workflows() -> list[str]:
    return [f".github/workflows/{path.name}" for path in sorted((ROOT / ".github" / "workflows").iterdir())]


def forms() -> list[str]:
    found = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    return [f".github/ISSUE_TEMPLATE/{path.name}" for path in found if path.name != "config.yml"]


def test_code_and_texts_have_the_licences_that_the_project_names():
    assert PROJECT["license"] == "BSD-3-Clause AND CC-BY-4.0"
    assert PROJECT["license-files"] == ["LICENSE", "course/LICENSE"]
    code = (ROOT / "LICENSE").read_text()
    assert code.startswith("BSD 3-Clause License") and "the contributors" in code
    # The licence's text as Creative Commons publishes it; a summary, or half of it, would be another licence.
    texts = (ROOT / "course" / "LICENSE").read_bytes()
    assert texts.startswith(b"Attribution 4.0 International")
    digest = "fd3a263fe19ed8faa9068b43abaebafc02c77897b0c6fc09abc04bb592e5f16e"
    assert hashlib.sha256(texts).hexdigest() == digest


def test_the_version_is_the_same_everywhere():
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    assert PROJECT["version"] == newest == str(read_yaml("CITATION.cff")["version"])


def test_the_citation_has_what_the_format_asks_for():
    citation = read_yaml("CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert all(citation[key] for key in ("message", "title", "abstract"))
    assert " AND ".join(citation["license"]) == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]


def test_the_same_pythons_are_named_everywhere():
    classifiers = [found[1] for c in PROJECT["classifiers"] if (found := re.fullmatch(r".* :: (3\.\d+)", c))]
    assert classifiers == VERSIONS
    assert PROJECT["requires-python"] == f">={VERSIONS[0]},<3.{setup.NEWEST[1] + 1}"
    for job in read_yaml(".github/workflows/tests.yml")["jobs"].values():
        assert job["strategy"]["matrix"]["python"] == VERSIONS
    (python,) = [d for d in read_yaml(".binder/environment.yml")["dependencies"] if str(d).startswith("python")]
    assert python.removeprefix("python=") in VERSIONS
    image = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())["image"]
    assert re.search(r"python:(3\.\d+)-", image)[1] in VERSIONS
    for text in ("README.md", "CONTRIBUTING.md", "docs/instructor_guide.md"):
        assert f"Python {VERSIONS[0]} to {VERSIONS[-1]}" in (ROOT / text).read_text(encoding="utf-8"), text


@pytest.mark.parametrize("name", workflows())
def test_a_workflow_runs_steps_with_no_more_rights_than_it_needs(name):
    workflow = read_yaml(name)
    assert workflow["permissions"] == {"contents": "read"}
    assert {"push", "pull_request"} <= workflow[True].keys()  # YAML 1.1 reads the word "on" as true
    for job in workflow["jobs"].values():
        assert job["runs-on"] and job["timeout-minutes"]
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            assert "uses" not in step or re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])


def test_a_workflow_calls_what_there_is():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = [
        step["run"] for name in workflows() for job in read_yaml(name)["jobs"].values() for step in job["steps"]
        if "run" in step
    ]  # fmt: skip
    commands.append(json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())["updateContentCommand"])
    said = "\n".join(commands)
    assert set(re.findall(r"make (\w+)", said)) == {"test"} <= targets
    paths = re.findall(r"\b(?:tools|tests)/[\w./]+", said)
    assert len(paths) >= 2 and all((ROOT / path).exists() for path in paths)


@pytest.mark.parametrize("name", forms())
def test_an_issue_form_asks_for_something(name):
    form = read_yaml(name)
    assert form["name"] and form["description"]
    questions = [part for part in form["body"] if part["type"] in ("input", "textarea")]
    assert any(question["validations"]["required"] for question in questions)
    names = [question["id"] for question in questions]
    assert len(set(names)) == len(names) and all(question["attributes"]["label"] for question in questions)


def test_binder_gets_what_the_course_needs_and_nothing_for_tests():
    extras = PROJECT["optional-dependencies"]
    (pip,) = [d["pip"] for d in read_yaml(".binder/environment.yml")["dependencies"] if isinstance(d, dict)]
    needed = [*PROJECT["dependencies"], *extras["course"], *extras["grading"], "--editable .."]
    assert sorted(pip) == sorted(needed)
    assert not set(pip) & set(extras["test"])


def test_hooks_use_the_locked_linter():
    locked = re.search(r"^ruff==[\w.]+", (ROOT / "requirements.lock").read_text(), re.MULTILINE)[0]
    (local,) = read_yaml(".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    assert [hook["additional_dependencies"] for hook in local["hooks"]] == [[locked]] * 2


@pytest.mark.parametrize("name", TEXTS)
def test_links_to_files_lead_somewhere(name):
    path = ROOT / name
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8")):
        if not target.startswith("https:"):
            assert (path.parent / target).exists(), target


def test_the_development_container_installs_what_debian_has_for_it():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    packages = [package for package, _ in setup.system_packages() if package != "python3-venv"]  # the image has it
    assert container["onCreateCommand"].split()[-len(packages) :] == sorted(packages)


def test_no_lock_of_uvs_own_is_kept():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode != 0:
        pytest.skip("This is not a git checkout, so there is no list of tracked files.")
    assert "uv.lock" not in {name.rpartition("/")[2] for name in tracked.stdout.split()}
