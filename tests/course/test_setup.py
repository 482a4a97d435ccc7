"""Set-up: the pinned dependencies, and what it says when it cannot go on."""

import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml

from tools import setup


def requirements(root) -> list[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return [r for group in (project["dependencies"], *project["optional-dependencies"].values()) for r in group]


def test_environment_yml_and_pyproject_say_the_same(root):
    environment = yaml.safe_load((root / "environment.yml").read_text())
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    (pip,) = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
    assert sorted(pip) == sorted([*requirements(root), "--editable ."])
    assert f"python{project['requires-python']}" in environment["dependencies"]
    assert (setup.OLDEST, setup.NEWEST) == ((3, 11), (3, 13))
    assert project["requires-python"] == ">=3.11,<3.14"


def test_lock_pins_everything_with_hashes_and_names_no_host(root):
    lock = (root / "requirements.lock").read_text()
    assert not re.search(r"https?:|\.org|\.com", lock)
    entries = re.split(r"\n(?=\S)", lock.strip())
    assert len(entries) > 100
    for entry in entries:
        assert re.match(r"[\w.-]+==[\w.]+", entry) and "--hash=sha256:" in entry, entry
    locked = {re.match(r"[\w.-]+", entry)[0].lower() for entry in entries}
    for requirement in requirements(root):
        assert re.match(r"[\w.-]+", requirement)[0].lower() in locked


def test_each_apt_package_says_what_is_lost_without_it(root):
    for package, cost in setup.system_packages():
        assert re.fullmatch(r"[a-z0-9.+-]+", package) and len(cost) > 10


def test_an_old_python_is_named_with_the_way_out(monkeypatch):
    monkeypatch.setattr(setup.sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    with pytest.raises(setup.SetupError, match=r"Python 3\.9.*3\.11 to 3\.13.*PYTHON="):
        setup.find_python()


def test_a_fitting_python_beside_an_old_one_is_found(monkeypatch):
    monkeypatch.setattr(setup.sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(setup.shutil, "which", lambda name: sys.executable if name == "python3.12" else None)
    assert setup.find_python() == sys.executable


def test_without_root_missing_packages_are_named_with_their_cost(monkeypatch, capsys):
    monkeypatch.setattr(setup.shutil, "which", lambda name: "/usr/bin/" + name)
    monkeypatch.setattr(setup, "is_installed", lambda package: False)
    monkeypatch.setattr(setup.os, "geteuid", lambda: 1000)
    setup.offer_system_packages()
    said = capsys.readouterr().out
    assert "chromium" in said and "skipped" in said and "apt-get install chromium" in said


@pytest.mark.slow
def test_without_a_network_it_says_so_and_leaves_nothing_behind(root, tmp_path):
    for name in ("requirements.lock", "pyproject.toml", "apt.txt"):
        shutil.copy(root / name, tmp_path)
    (tmp_path / "tools").mkdir()
    shutil.copy(root / "tools" / "setup.py", tmp_path / "tools")
    cut_off = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PIP_")},
        "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_NO_CACHE_DIR": "1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "tools/setup.py"], cwd=tmp_path, env=cut_off, capture_output=True, text=True
    )
    assert done.returncode == 1
    (sentence,) = done.stderr.strip().splitlines()
    assert "could not be installed" in sentence and "network" in sentence and "run the same command" in sentence
    assert not (tmp_path / ".venv").exists() and not (tmp_path / ".venv.old").exists()


def test_set_up_again_only_looks(root, monkeypatch):
    def never(*_):
        raise AssertionError("a second set-up must not run anything")

    if not os.path.exists(setup.STAMP):
        pytest.skip("This .venv was not made by make lab or make test, so there is nothing to repeat.")
    monkeypatch.setattr(setup, "run", never)
    with open(setup.STAMP) as stamp:
        fingerprint = stamp.read()
    monkeypatch.setattr(setup, "fingerprint", lambda python: fingerprint)
    setup.make_environment(sys.executable)
