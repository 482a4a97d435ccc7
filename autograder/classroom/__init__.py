"""A class: releasing assignments, grading what comes back, with nbgrader in charge.

- `course`: where everything of a course is. `commands`: what `autograder release`, `grade`, `feedback`, `report`
  and `export` do. `release`, `sample_class`: what students get, and an invented class to try it with.
- `grade_class`: grading, a straight line of values, each made in a module of its name: `assignment`, `collected`,
  `graded`, `recorded`. `lock`: one grading at a time. `staging`: what nbgrader is given to read.
- `nbgrader_commands`, `nbgrader_process`: nbgrader's own commands, and the process that they run in. `plugin`,
  `press`, `api_patches`, `grades`: what nbgrader, started by itself, finds of this program.
- `gradebook`, `waiting`: nbgrader's gradebook, read, and waited for when another program uses it.
- `results`, `class_report`, `class_page`, `anonymous`: what a class got wrong. `lms`, `roster`: Canvas and Moodle.
"""
