"""What a student uses works without what Windows does not have, and grading a class says what it needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import cli
from tests.conftest import ROOT
from tools import lab

#: Takes away what Python does not have on Windows, before anything of the project is imported.
LIKE_WINDOWS = """
import os, signal, sys

class Missing:
    names = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}

    def find_spec(self, name, path=None, target=None):
        if name in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

assert not Missing.names & set(sys.modules) - {"pwd", "grp"}
sys.meta_path.insert(0, Missing())
for name in ("fork", "getuid", "geteuid", "getgid", "setsid", "killpg", "mkfifo", "O_NOFOLLOW", "O_NONBLOCK"):
    vars(os).pop(name, None)
for name in ("SIGALRM", "SIGHUP", "SIGKILL", "SIGUSR1"):
    vars(signal).pop(name, None)
"""


def run_like_windows(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LIKE_WINDOWS + program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_a_check_gives_its_points():
    program = (
        "from autograder import check, examine, hint\n"
        "def dropout_mask(shape, rate, rng):\n"
        "    if not 0 <= rate <= 1: raise ValueError\n"
        "    return rng.random(shape) >= rate\n"
        "points = check('mask', dropout_mask); hint('mask')\n"
        "print(examine('mask', dropout_mask).passed, points)"
    )
    assert run_like_windows(program).splitlines()[-1] == "True 10.0"


@pytest.mark.parametrize("module", ["autograder.cli", "autograder.doctor", "tools.lab", "tools.setup"])
def test_it_can_be_imported(module):
    assert run_like_windows(f"import {module}; print('imported')") == "imported"


def test_grading_a_class_says_what_it_needs(monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "win32")
    assert cli.main(["grade", "01_mask"]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "needs Linux or macOS" in sentence and "WSL" in sentence


class FakeOs:
    """Python's `os` as it is on Windows, as far as opening JupyterLab asks for it."""

    name, path, environ, pathsep, defpath = "nt", os.path, {}, ";", "."

    def __init__(self):
        self.folder = ""

    def chdir(self, folder):
        self.folder = folder


def test_opening_waits_for_jupyterlab_and_hands_back_its_code(monkeypatch):
    class Running:
        def __init__(self, command):
            started.append(command)
            self.endings = iter((KeyboardInterrupt, 3))

        def wait(self):
            ending = next(self.endings)
            if ending is KeyboardInterrupt:
                raise ending
            return ending

    started = []
    monkeypatch.setattr(lab, "os", FakeOs())
    monkeypatch.setattr(lab.subprocess, "Popen", Running)
    assert lab.main(["--no-browser"]) == 3
    (command,) = started
    assert command[:3] == [sys.executable, "-m", "jupyterlab"] and command[-1] == "--no-browser"
    assert "--allow-root" not in command


def test_a_python_without_jupyterlab_takes_that_of_the_environment(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(lab.setup, "VENV", str(tmp_path))
    assert lab.main([]) == 2
    assert "python tools/setup.py" in capsys.readouterr().err
    python = Path(lab.setup.program("python"))
    python.parent.mkdir()
    python.touch()
    assert lab.python() == str(python)
