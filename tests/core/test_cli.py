"""The command line: exit codes, sentences, and nothing changed on disk."""

import json
import shutil
import subprocess
import sys

import nbformat
import pytest

from autograder import cli, doctor
from autograder.classroom.sample import STUDENTS, fill_in
from tests.conftest import ROOT
from tools import lab

EMPTY = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
BAD_FILES = {
    "text.ipynb": (b"Dear all", "not JSON"),
    "empty.ipynb": (b"", "not JSON"),
    "cut.ipynb": (json.dumps(EMPTY).encode()[:-5], "not JSON"),
    "latin.ipynb": (b'{"a": "\xe9"}', "not JSON"),
    "list.ipynb": (b"[]", "not a notebook of format 4"),
    "old.ipynb": (b'{"nbformat": 3, "worksheets": []}', "not a notebook of format 4"),
    "damaged.ipynb": (json.dumps(EMPTY | {"cells": [{"cell_type": "code"}]}).encode(), "damaged notebook"),
    "unchecked.ipynb": (json.dumps(EMPTY).encode(), "no check cell"),
    "deep.ipynb": (b"[" * 100_000, "not JSON"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_gets_one_sentence_and_exit_code_2(name, tmp_path, capsys):
    data, expected = BAD_FILES[name]
    (tmp_path / name).write_bytes(data)
    assert cli.main(["check", str(tmp_path / name)]) == 2
    said = capsys.readouterr().err.strip()
    assert expected in said and name in said and "\n" not in said
    assert (tmp_path / name).read_bytes() == data and [p.name for p in tmp_path.iterdir()] == [name]


def test_missing_file_and_folder_are_named(tmp_path, capsys):
    (tmp_path / "inside.ipynb").write_text("{}")
    assert cli.main(["check", str(tmp_path / "nothing.ipynb"), str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "There is no file" in said and "Did you mean" in said and "inside.ipynb" in said


def test_what_a_notebook_says_reaches_no_terminal_raw(monkeypatch, capsys, tmp_path):
    from autograder import runner

    said = runner.CheckOutcome("check-mask", "FAIL \x1b]0;title\x07\nsecond \u202eline", None, 1.0)
    monkeypatch.setattr(runner, "run_checks", lambda path: [said])
    assert cli.main(["check", str(tmp_path / "\x1b[31mred.ipynb")]) == 1
    printed = capsys.readouterr().out
    assert r"FAIL \x1b]0;title\x07" in printed and "second \\u202eline" in printed.splitlines()[1]
    assert r"\x1b[31mred.ipynb: 0 of 1" in printed and all(line.isprintable() for line in printed.splitlines())


@pytest.mark.slow
def test_check_prints_reports_and_leaves_the_notebook_alone(tmp_path, capsys):
    (student,) = [student for student in STUDENTS if student.name == "dmitri"]
    released = nbformat.read(ROOT / "exercises" / "02_scaling" / "02_scaling.ipynb", as_version=4)
    path = tmp_path / "02_scaling.ipynb"
    nbformat.write(fill_in(released, student.answers), path)
    before = path.read_bytes()
    assert cli.main(["check", str(path)]) == 1
    said = capsys.readouterr().out
    assert "keep-drop-swapped" in said and said.strip().endswith("02_scaling.ipynb: 25 of 31 points")
    assert max(map(len, said.splitlines())) <= 80
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.slow
def test_a_full_score_is_exit_code_0_and_a_dead_kernel_a_sentence(tmp_path, capsys):
    assert cli.main(["check", str(ROOT / "solutions" / "01_mask" / "01_mask.ipynb")]) == 0
    released = nbformat.read(ROOT / "exercises" / "01_mask" / "01_mask.ipynb", as_version=4)
    for cell in released.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = "import os\nos._exit(1)"
    nbformat.write(released, tmp_path / "dies.ipynb")
    assert cli.main(["check", str(tmp_path / "dies.ipynb")]) == 1
    assert "The Python process ended" in capsys.readouterr().out


def test_hints_are_printed_up_to_a_rung(capsys):
    assert cli.main(["hint", "layer", "2"]) == 0
    assert capsys.readouterr().out.count("Hint") == 2


#: A program in which nbgrader cannot be imported.
WITHOUT_NBGRADER = """
import sys

class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "nbgrader":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Without())
from autograder import cli
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_checks_and_hints_do_without_nbgrader():
    notebook = ROOT / "solutions" / "01_mask" / "01_mask.ipynb"
    for command in (["check", str(notebook)], ["hint", "mask"], ["--help"]):
        done = subprocess.run([sys.executable, "-c", WITHOUT_NBGRADER, *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "command", [["release"], ["grade"], ["grade", "01_mask"], ["feedback"], ["report", "a"], ["export", "canvas"]]
)
def test_what_needs_nbgrader_says_so_where_there_is_none(command, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(cli, "find_spec", lambda name: None)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.main(command)
    assert ended.value.code == 2
    said = capsys.readouterr().err.strip()
    assert "needs nbgrader" in said and "make lab" in said and "\n" not in said


@pytest.mark.parametrize(
    "command", [["release"], ["grade"], ["grade", "01_mask"], ["feedback"], ["report", "a"], ["export", "canvas"]]
)
def test_commands_for_a_class_are_one_sentence_where_there_is_no_course(command, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli.main(command) == 2
    said = capsys.readouterr()
    assert "not a course folder" in said.err and "\n" not in said.err.strip() and said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_doctor_names_what_is_missing_and_the_way_out(tmp_path):
    (tmp_path / "requirements.lock").write_text("numpy==0.0.1 \\\nno-such-package==1.0 \\\n")
    (tmp_path / "apt.txt").write_text("# pictures are not tested\nno-such-debian-package\n")
    symptoms = doctor.examine_machine(tmp_path)
    text = doctor.as_text(symptoms)
    assert "numpy is" in text and "no-such-package is not installed" in text and "make lab" in text
    assert any(symptom.state == "missing" for symptom in symptoms)
    if shutil.which("dpkg-query"):
        assert "pictures are not tested" in text and "apt-get install no-such-debian-package" in text


def test_doctor_finds_nothing_missing_here():
    done = subprocess.run([sys.executable, "-m", "autograder.cli", "doctor"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_port_in_use_is_refused_with_another(capsys):
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert lab.main([f"--port={port}"]) == 2
        assert lab.main(["--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert f"Port {port} is in use" in said and "make lab ARGS=--port=" in said
    assert lab.main(["--port=many"]) == 2
    assert "not a port" in capsys.readouterr().err


def test_an_interrupted_command_is_a_sentence(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "hint", interrupted)
    assert cli.main(["hint", "mask", "1"]) == 130
    assert capsys.readouterr().err.strip().startswith("Stopped. Nothing is half-written")
