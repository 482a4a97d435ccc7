"""nbgrader's settings for this course: solutions/ -> exercises/ -> submitted/ -> autograded/ -> feedback/."""

import contextlib
import sys
from pathlib import Path

if "nbgrader.apps.api" in sys.modules:  # as in JupyterLab, which formgrader must never stop
    with contextlib.suppress(ImportError):  # without this project's autograder, nbgrader works as it always does
        import autograder.classroom.api_patches  # noqa: F401 - for what it does when it is imported

c = get_config()  # noqa: F821 - nbgrader defines it when it reads this file

c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "dropout"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

c.ClearSolutions.code_stub = {"python": "# Your code here.\nraise NotImplementedError"}

# Students' code runs behind a wall and the verdict is made outside it. Without these three nbgrader's own
# `Execute` runs it with your rights.
c.Autograde.exporter_class = "autograder.classroom.plugin.SubmissionExporter"
c.Autograde.sanitize_preprocessors = ["nbgrader.preprocessors.OverwriteCells"]
c.Autograde.autograde_preprocessors = [
    "autograder.classroom.plugin.GradeSubmission",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
]

# grades.csv, quoted, and without anything that a spreadsheet takes for a formula.
c.ExportApp.plugin_class = "autograder.classroom.grades.SafeCsvExport"

# What Canvas and Moodle call the files in an archive of submissions, for `nbgrader zip_collect`:
# adalovelace_12_345_01_mask.ipynb, Ada Lovelace_12_assignsubmission_file_01_mask.ipynb (or a folder up to `file_`).
c.FileNameCollectorPlugin.named_regexp = (
    r".*/(?P<student_id>[^/_]+)_(?:LATE_)?(?:\d+_\d+|\d+_assignsubmission_file)_/?(?P<file_id>\w+?)(?:-\d+)?\.ipynb"
)

# What follows is for nbgrader's own `Execute`.
# Seconds a cell may take. A check takes less than one; the rest is room for slow student code.
c.Execute.timeout = 60
# A cell that hangs and cannot be interrupted must not end the grading of the whole class.
c.Execute.interrupt_on_timeout = True
# Without this each kernel prints a paragraph on unencrypted ports; they are this machine's own.
c.Execute.extra_arguments = ["--IPKernelApp.log_level=40"]
