"""Grading submissions: the student's code runs behind a wall, the verdict is made on this side of it.

- `template`: what the instructor's notebook asks, and what a submission puts into it.
- `sandbox`: the wall, and why it cannot be had where it cannot be had. `places`: what can be seen behind it.
- `warm`, `cells`: what runs behind it. Nothing on this side imports them. `asking`: what `warm` can be asked.
- `wire`: what may cross it. `usage`: what a run uses, and `cgroups`, where the kernel counts that itself.
- `grade`: a submission and a seed in, an executed notebook with reports out; a pure function.
- `stored`: its result, as it is kept and sent.
- `store`, `batch`: a class's results, by content, each made once. `cluster`: made on other machines.

Nothing here knows nbgrader; `autograder.classroom` does.
"""
