"""Set-up: the pinned dependencies, uv with pip behind it, Windows, and what it says when it cannot go on."""

import ast
import ntpath
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


@pytest.mark.parametrize(("name", "least"), [("requirements.lock", 100), ("tools/installer.lock", 1)])
def test_a_lock_pins_everything_with_hashes_and_names_no_host(root, name, least):
    lock = (root / name).read_text()
    assert not re.search(r"https?:|\.org|\.com", lock)
    entries = re.split(r"\n(?=\S)", lock.strip())
    assert len(entries) >= least
    for entry in entries:
        assert re.match(r"[\w.-]+==[\w.]+", entry) and "--hash=sha256:" in entry, entry


def test_the_lock_has_everything_that_the_project_asks_for(root):
    entries = re.split(r"\n(?=\S)", (root / "requirements.lock").read_text().strip())
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


def test_started_with_the_environments_own_python_it_builds_with_the_one_behind(monkeypatch):
    monkeypatch.setattr(setup.sys, "_base_executable", "/usr/bin/python3.12", raising=False)
    assert setup.find_python() == "/usr/bin/python3.12"


def test_a_machine_without_tensorflow_is_named_before_anything_is_done(monkeypatch, capsys):
    monkeypatch.setattr(setup.sys, "platform", "darwin")
    monkeypatch.setattr(setup.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(setup, "make_environment", lambda python: pytest.fail("nothing must be made"))
    assert setup.main() == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "not published for x86_64 on darwin" in sentence and "Apple silicon" in sentence and "Binder" in sentence


#: The systems that set-up supports, as uv calls them.
PLATFORMS = {
    ("linux", "x86_64"): "x86_64-manylinux_2_28",
    ("linux", "aarch64"): "aarch64-manylinux_2_28",
    ("darwin", "arm64"): "aarch64-apple-darwin",
    ("win32", "AMD64"): "x86_64-pc-windows-msvc",
}


@pytest.mark.slow
@pytest.mark.parametrize("system", setup.SYSTEMS, ids=" ".join)
def test_the_lock_has_a_file_of_every_package_for_every_system(root, tmp_path, system):
    uv = setup.program("uv")
    if not os.environ.get("DROPOUT_ASK_INDEX"):
        pytest.skip("DROPOUT_ASK_INDEX is not set, so the package index is not asked about other systems.")
    if not os.path.exists(uv):
        pytest.skip("This .venv was made without uv, which knows what other systems need.")
    for minor in range(setup.OLDEST[1], setup.NEWEST[1] + 1):
        command = [
            uv, "pip", "install", "--dry-run", "--target", str(tmp_path), "--python-platform", PLATFORMS[system],
            "--python-version", f"3.{minor}", "--only-binary", ":all:", "--require-hashes", "--no-deps",
            "--index-strategy", "unsafe-best-match", "-r", str(root / "requirements.lock"),
        ]  # fmt: skip
        environment = setup.uv_environment(setup.pip_settings())
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if "No solution found" not in done.stderr and done.returncode != 0:
            pytest.skip(f"The package index cannot be asked: {done.stderr.strip().splitlines()[-1]}")
        assert done.returncode == 0, done.stderr
        assert re.search(r"Would install 1\d\d packages", done.stderr)


def test_any_python_can_read_it(root):
    for version in ((3, 6), (3, 13)):
        ast.parse((root / "tools" / "setup.py").read_text(), feature_version=version)


@pytest.fixture
def windows(monkeypatch):
    """What set-up asks the system for, as it is on Windows."""
    monkeypatch.setattr(setup, "os", FakeOs("nt", ntpath))
    monkeypatch.setattr(setup, "VENV", r"C:\dropout\.venv")


class FakeOs:
    """Python's `os` with another system's name and paths."""

    def __init__(self, name, path):
        self.name, self.path = name, path

    def __getattr__(self, name):
        return getattr(os, name)


def test_on_windows_programs_are_where_windows_has_them(windows):
    assert setup.program("python") == r"C:\dropout\.venv\Scripts\python.exe"
    assert setup.program("uv") == r"C:\dropout\.venv\Scripts\uv.exe"


def test_on_windows_the_launcher_is_asked_for_a_fitting_python(windows, monkeypatch):
    def launcher(command, **_):
        fits = command[:2] == ["py", "-3.12"]
        return subprocess.CompletedProcess(command, 0 if fits else 103, b"C:\\Python312\\python.exe\r\n" * fits)

    monkeypatch.setattr(setup.sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(setup.shutil, "which", lambda name: r"C:\Windows\py.exe" if name == "py" else None)
    monkeypatch.setattr(setup.subprocess, "run", launcher)
    assert setup.find_python() == r"C:\Python312\python.exe"


def test_on_windows_an_old_python_is_named_with_the_way_out(windows, monkeypatch):
    monkeypatch.setattr(setup.sys, "version_info", (3, 14, 0, "final", 0))
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    with pytest.raises(setup.SetupError, match=r"Python 3\.14.*3\.11 to 3\.13.*python\.exe tools\\setup\.py"):
        setup.find_python()


def test_on_windows_what_is_in_use_is_to_be_closed(windows, monkeypatch, capsys):
    def in_use(python):
        raise PermissionError(13, "Access is denied", setup.VENV)

    monkeypatch.setattr(setup.os.path, "exists", lambda path: True)
    monkeypatch.setattr(setup, "make_environment", in_use)
    monkeypatch.setattr(setup, "offer_system_packages", lambda: None)
    assert setup.main() == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert setup.VENV in sentence and "Close JupyterLab" in sentence


def test_pips_settings_reach_uv(monkeypatch, tmp_path):
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://me:secret@one.example/simple\ntimeout = 7\n"
        "extra-index-url =\n    https://two.example/simple\n    file:///three/simple\ncert = /etc/ours.pem\n"
        "[install]\ntimeout = 8\nfind-links = /wheels /more\n[download]\ntimeout = 9\n"
    )
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_", "SSL_", "ALL_PROXY")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_TRUSTED_HOST", "one.example")
    monkeypatch.setenv("UV_INDEX", "https://mine.example/simple")
    monkeypatch.setattr(setup, "program", lambda name: sys.executable)
    told = setup.uv_environment(setup.pip_settings())
    assert told["UV_DEFAULT_INDEX"] == "https://me:secret@one.example/simple"
    assert told["UV_INDEX"] == "https://mine.example/simple", "what is said to uv itself counts more"
    assert told["UV_FIND_LINKS"] == "/wheels,/more"
    assert told["UV_HTTP_TIMEOUT"] == "8" and told["UV_INSECURE_HOST"] == "one.example"
    assert told["SSL_CERT_FILE"] == "/etc/ours.pem" and "ALL_PROXY" not in told


@pytest.fixture
def steps(monkeypatch, tmp_path):
    """Records what set-up runs, and answers with the exit codes of `steps.codes`, by a word of the command."""

    known = ("venv --clear", "installer.lock", "uv pip", "pip --disable")

    class Steps(list):
        codes: dict = {}

        def run(self, command, environment=None):
            words = " ".join(command).replace(".exe", "")
            word = next(word for word in known if word in words)
            self.append((word, "--require-hashes" in command, "--editable" in command))
            return self.codes.get(word, 0)

    monkeypatch.setattr(setup, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(setup, "pip_settings", dict)
    monkeypatch.setattr(setup, "last_error", lambda: "no such file")
    found = Steps()
    monkeypatch.setattr(setup, "run", found.run)
    return found


EMPTY, GET_UV = ("venv --clear", False, False), ("installer.lock", True, False)
UV, UV_PROJECT = ("uv pip", True, False), ("uv pip", False, True)
PIP, PIP_PROJECT = ("pip --disable", True, False), ("pip --disable", False, True)


def test_uv_installs_and_pip_is_not_needed(steps):
    setup.install_packages("python3")
    assert steps == [EMPTY, GET_UV, UV, UV_PROJECT]


def test_where_uv_cannot_be_had_pip_installs(steps):
    steps.codes = {"installer.lock": 1}
    setup.install_packages("python3")
    assert steps == [EMPTY, GET_UV, PIP, PIP_PROJECT]


def test_where_uv_fails_pip_starts_from_nothing(steps):
    steps.codes = {"uv pip": 2}
    setup.install_packages("python3")
    assert steps == [EMPTY, GET_UV, UV, EMPTY, PIP, PIP_PROJECT]


def test_without_a_way_to_make_environments_the_missing_package_is_named(steps):
    steps.codes = {"venv --clear": 1}
    with pytest.raises(setup.SetupError, match="apt-get install python3-venv"):
        setup.install_packages("python3")
    assert steps == [EMPTY]


@pytest.mark.parametrize("ending", [setup.SetupError("no network"), KeyboardInterrupt()])
def test_a_set_up_that_ends_half_way_leaves_what_was_there(monkeypatch, tmp_path, ending):
    monkeypatch.setattr(setup, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(setup, "STAMP", str(tmp_path / ".venv" / "ready"))
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "ready").write_text("an older lock")

    def half_way(python):
        (tmp_path / ".venv").mkdir()
        (tmp_path / ".venv" / "half").touch()
        raise ending

    monkeypatch.setattr(setup, "install_packages", half_way)
    with pytest.raises(type(ending)):
        setup.make_environment(sys.executable)
    assert [path.name for path in tmp_path.iterdir()] == [".venv"]
    assert [path.name for path in (tmp_path / ".venv").iterdir()] == ["ready"]


def test_without_root_missing_packages_are_named_with_their_cost(monkeypatch, capsys):
    monkeypatch.setattr(setup.shutil, "which", lambda name: "/usr/bin/" + name)
    monkeypatch.setattr(setup, "is_installed", lambda package: False)
    monkeypatch.setattr(setup.os, "geteuid", lambda: 1000, raising=False)
    setup.offer_system_packages()
    said = capsys.readouterr().out
    assert "chromium" in said and "skipped" in said and "apt-get install chromium" in said


@pytest.mark.slow
def test_without_a_network_it_says_so_and_leaves_nothing_behind(root, tmp_path):
    for name in ("requirements.lock", "pyproject.toml", "apt.txt"):
        shutil.copy(root / name, tmp_path)
    (tmp_path / "tools").mkdir()
    for name in ("setup.py", "installer.lock"):
        shutil.copy(root / "tools" / name, tmp_path / "tools")
    cut_off = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_"))},
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
