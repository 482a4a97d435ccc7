"""Grades for Canvas and Moodle: exact layouts, the right student, and nothing lost without a word."""

import csv
import io
import os
import subprocess
import sys

import pytest

from autograder import cli
from autograder.classroom.gradebook import Book, Person, Score
from autograder.classroom.lms import canvas, moodle
from autograder.classroom.roster import CannotExport, match, read_roster
from tests.classroom.stored_class import ASSIGNMENT, course_folder, in_gradebook
from tests.conftest import ROOT

BOOK = Book(
    {
        "ada": Person("ada", "Ada", "Lovelace", "ada@uni.example", "901"),
        "ben": Person("ben", "Ben", "Okri", "", ""),
        "eve": Person("eve", "=cmd|' /C calc'!A0", "", "eve@uni.example", "S-77"),
    },
    {
        "01_mask": {"ada": Score(9.5, 10), "ben": Score(0.0, 10), "zoe": Score(10.0, 10)},
        "02_scaling": {"ada": Score(28.123, 31), "eve": Score(31.0, 31)},
        "03_eval_mode": {},
    },
)

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Notes,02_scaling (556),01_mask (555),Essay (557),Final Score
,,,,,,Manual Posting,,,
    Points Possible,,,,,,31,100,20,(read only)
"Lovelace, Ada",901,S-1,alovelace,"Lab 1, Lab 2",kind,12,,17,55
"Okri, Ben",902,S-2,ben,Lab 1,,7,EX,,
"Sand, George",903,S-3,gsand,Lab 1,,30,8,,
"Student, Test",904,,6a7f,Lab 1,,,,,
"""

MOODLE = """\
Vorname;Nachname;ID-Nummer;E-Mail-Adresse;Aufgabe: 01_mask (Punkte);Kurs gesamt (Punkte);Zuletzt geladen
Ada;Lovelace;901;ada@uni.example;-;-;1700000000
Ben;Okri;;ben@uni.example;3,00;3,00;1700000000
George;Sand;903;sand@uni.example;-;-;1700000000
"""


def roster(tmp_path, text, system, encoding="utf-8"):
    path = tmp_path / "roster.csv"
    path.write_bytes(text.encode(encoding))
    return read_roster(path, system)


def table(made) -> list[list[str]]:
    return list(csv.reader(io.StringIO(made.as_bytes().decode("utf-8"), newline="")))


def test_canvas_without_a_roster():
    made = canvas(BOOK)
    assert table(made) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "01_mask", "02_scaling"],
        ["    Points Possible", "", "", "", "", "10", "31"],
        ["Lovelace, Ada", "901", "", "ada", "", "9.5", "28.12"],
        ["Okri, Ben", "", "", "ben", "", "0", ""],
        ["'=cmd|' /C calc'!A0", "", "S-77", "eve", "", "", "31"],
        ["zoe", "", "", "zoe", "", "10", ""],
    ]
    (warning,) = made.told
    assert warning.startswith("3 grades are empty, and there Canvas deletes") and made.missing == []
    assert canvas(BOOK, ["01_mask"]).told == []


def test_canvas_with_its_own_export_as_roster(tmp_path):
    made = canvas(BOOK, ["01_mask", "02_scaling"], roster(tmp_path, CANVAS, "canvas"))
    assert table(made) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "01_mask (555)", "02_scaling (556)"],
        ["    Points Possible", "", "", "", "", "100", "31"],
        ["Lovelace, Ada", "901", "S-1", "alovelace", "Lab 1, Lab 2", "9.5", "28.12"],
        ["Okri, Ben", "902", "S-2", "ben", "Lab 1", "0", "7"],
    ]
    assert any("01_mask has 100 points in Canvas and 10 here" in sentence for sentence in made.told)
    assert any("2 of 4 students in roster.csv have no grade here" in sentence for sentence in made.told)
    (missing,) = made.missing
    assert "fits eve, zoe: not in the file" in missing and "lms_user_id" in missing


def test_an_assignment_that_canvas_does_not_know_is_a_new_column_and_said_so(tmp_path):
    text = CANVAS.replace("01_mask (555)", "01_mask_extra (555)")
    made = canvas(BOOK, ["01_mask"], roster(tmp_path, text, "canvas"))
    assert table(made)[0][-1] == "01_mask" and table(made)[1][-1] == "10"
    assert any("no column for 01_mask" in sentence for sentence in made.told)


def test_canvas_with_first_and_last_names_semicolons_and_a_byte_order_mark(tmp_path):
    text = "LastName;FirstName;ID;SIS Login ID;Section;01_mask (555)\n"
    text += "    Points Possible;;;;;10\nLovelace;Ada;8;al;;\n"
    for encoding in ("utf-8-sig", "utf-16"):
        made = canvas(BOOK, ["01_mask"], roster(tmp_path, text, "canvas", encoding))
        assert table(made)[0] == ["LastName", "FirstName", "ID", "SIS Login ID", "Section", "01_mask (555)"]
        assert table(made)[2:] == [["Lovelace", "Ada", "8", "al", "", "9.5"]]
        assert any("Found by name alone" in sentence and "ada" in sentence for sentence in made.told)


def test_moodle_without_a_roster():
    made = moodle(BOOK, ["02_scaling"])
    assert table(made) == [
        ["Username", "First name", "Last name", "ID number", "Email address", "02_scaling"],
        ["ada", "Ada", "Lovelace", "901", "ada@uni.example", "28.12"],
        ["eve", "'=cmd|' /C calc'!A0", "", "S-77", "eve@uni.example", "31"],
    ]
    (mapping,) = made.told
    assert "map from 'Username' to Username, and '02_scaling' to" in mapping


def test_moodle_with_its_own_export_in_another_language(tmp_path):
    made = moodle(BOOK, ["01_mask", "02_scaling"], roster(tmp_path, MOODLE, "moodle"))
    assert table(made) == [
        ["Vorname", "Nachname", "ID-Nummer", "E-Mail-Adresse", "Aufgabe: 01_mask (Punkte)", "02_scaling"],
        ["Ada", "Lovelace", "901", "ada@uni.example", "9.5", "28.12"],
        ["Ben", "Okri", "", "ben@uni.example", "0", ""],
    ]
    assert any("map from 'E-Mail-Adresse' to Email address" in sentence for sentence in made.told)
    assert any("Found by name alone" in sentence and "ben" in sentence for sentence in made.told)
    assert any("fits eve, zoe" in sentence for sentence in made.missing)


def test_who_has_nothing_in_the_column_that_tells_who_is_left_out_of_moodles_file(tmp_path):
    text = "First name,Last name,Username,01_mask (Real)\nAda,Lovelace,ada,\nBen,Okri,,\nX,Y,zoe,\n"
    made = moodle(BOOK, ["01_mask"], roster(tmp_path, text, "moodle"))
    assert [line[2] for line in table(made)[1:]] == ["ada", "zoe"], "its grade would go to the student above"
    assert any("no usable 'Username' for ben" in sentence for sentence in made.missing)


def test_a_student_number_is_not_taken_for_canvass_own(tmp_path):
    known = roster(tmp_path, CANVAS, "canvas")
    assert match([Person("903")], known) == {}
    assert match([Person("x", lms_id="903")], known) == {"x": 2}
    assert match([Person("S-3"), Person("y", email="ALOVELACE")], known) == {"S-3": 2, "y": 0}


def test_an_id_is_not_taken_for_somebodys_name(tmp_path):
    text = "Vorname,Nachname,E-Mail-Adresse,01_mask (Punkte)\nAda,Sand,as@uni.example,\n"
    assert match([Person("ada"), Person("sand")], roster(tmp_path, text, "moodle")) == {}


def test_two_who_fit_one_line_or_one_who_fits_two_are_not_guessed(tmp_path):
    known = roster(tmp_path, CANVAS, "canvas")
    assert match([Person("ben"), Person("b2", "Ben", "Okri")], known) == {}
    twins = CANVAS + '"Okri, Ben",905,S-5,bokri,Lab 2,,,,,\n'
    assert match([Person("b3", "Ben", "Okri")], roster(tmp_path, twins, "canvas")) == {}


def test_what_is_still_to_be_graded_by_hand_is_said():
    book = Book({}, {"01_mask": {"ada": Score(3.0, 10, unfinished=True)}})
    assert "ada's 01_mask has still to be graded by hand" in canvas(book).missing[0]


def test_an_id_that_is_a_formula_is_left_out_and_named():
    made = moodle(Book({}, {"01_mask": {"=1+1": Score(3.0, 10), "ada": Score(1.0, 10)}}))
    assert [line[0] for line in table(made)] == ["Username", "ada"] and "'=1+1'" in made.missing[0]


BAD = {
    "missing": None,
    "empty": b"",
    "text": b"Dear all, please find the grades attached.\n",
    "picture": bytes(range(256)) * 20,
    "other": b"a,b,c\n1,2,3\n",
    "header only": CANVAS.splitlines()[0].encode(),
    "quote": b'Student,ID,Section\n"a"b,1,2\n',
    "folder": ...,
}


@pytest.mark.parametrize("name", BAD)
def test_a_roster_that_is_none_is_one_sentence(name, tmp_path):
    path = tmp_path / "roster.csv"
    if BAD[name] is ...:
        path.mkdir()
    elif BAD[name] is not None:
        path.write_bytes(BAD[name])
    with pytest.raises(CannotExport, match=r"roster\.csv") as problem:
        read_roster(path, "canvas")
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("chosen", [["09_none"], ["03_eval_mode"]])
def test_nothing_to_export_is_one_sentence(chosen):
    with pytest.raises(CannotExport, match="no grades for 0"):
        canvas(BOOK, chosen)
    with pytest.raises(CannotExport, match="no grades for any assignment"):
        moodle(Book())


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    made = course_folder(tmp_path_factory.mktemp("lms"))
    in_gradebook(made, "ada", {"inverted": 14, "classic": 17}, penalty=3.5, first_name="Ada", last_name="Lovelace")
    in_gradebook(made, "ben", {"inverted": 1.5, "classic": 0}, penalty=9.0, lms_user_id="902")
    (made.root / "canvas_export.csv").write_text(CANVAS)
    return made


def test_the_command_writes_the_final_score_and_says_what_is_missing(course, capsys, monkeypatch):
    monkeypatch.chdir(course.root)
    assert cli.main(["export", "canvas", "--assignment", ASSIGNMENT, "--roster", "canvas_export.csv"]) == 0
    said = capsys.readouterr().out
    assert "Grades of 2 students: build/exports/canvas.csv" in said
    assert "Found by name alone, so check them: ada" in said
    with (course.root / "build" / "exports" / "canvas.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    assert [(row[0], row[-1]) for row in rows[2:]] == [("Lovelace, Ada", "27.5"), ("Okri, Ben", "0")]
    assert cli.main(["export", "moodle", "--to", "m.csv"]) == 0
    assert (course.root / "m.csv").read_text().splitlines()[1] == "ada,Ada,Lovelace,,,27.5"


def test_the_command_refuses_what_it_cannot_use_and_writes_nothing(course, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(course.root)
    target = ["--to", str(tmp_path / "out.csv")]
    assert cli.main(["export", "canvas", "--roster", "none.csv", *target]) == 2
    assert cli.main(["export", "canvas", "--assignment", "09_none", *target]) == 2
    (tmp_path / "strangers.csv").write_text("\n".join([*CANVAS.splitlines()[:3], "X,1,2,3,4,,,,,"]))
    assert cli.main(["export", "canvas", "--roster", str(tmp_path / "strangers.csv"), *target]) == 2
    assert cli.main(["export", "moodle", "--to", str(tmp_path)]) == 2
    monkeypatch.chdir(tmp_path)
    assert cli.main(["export", "moodle", *target]) == 2
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 5 and "fits ada, ben" in said.err
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.slow
def test_nbgraders_own_export_has_both_as_plug_ins(course):
    path = os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    for options, code, said in (
        (["CanvasExport", "--to=c.csv", "--CanvasExport.roster=canvas_export.csv"], 0, "Wrote c.csv"),
        (["MoodleExport", "--to=x.csv", "--MoodleExport.roster=none.csv"], 1, "There is no file none.csv."),
    ):
        command = ["-m", "nbgrader", "export", f"--exporter=autograder.classroom.lms.{options[0]}", *options[1:]]
        done = subprocess.run(
            [sys.executable, *command], cwd=course.root, env=environment, capture_output=True, text=True
        )
        assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert (course.root / "c.csv").exists() and not (course.root / "x.csv").exists()
