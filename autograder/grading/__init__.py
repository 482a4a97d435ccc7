"""Grading submissions: the student's code runs behind a wall, the verdict is made on this side of it.

- `template`: what the instructor's notebook asks, and what a submission puts into it.
- `parent`: a warm parent process, from the side of its user, and `asking`, from its own.
- `sandbox`: runs behind the wall, and why it may be unavailable on this machine. `wall`: bubblewrap's command
  line. `places`: what can be seen behind it.
- `warm`, `cells`, `seccomp`: what runs behind it. Nothing on this side imports them.
- `wire`: what may cross it. `usage`: what a run uses, and `cgroups`, where the kernel counts that itself.
- `desk`: the judge's, where recordings are read; `judging` is the parent there, `desk_wire` what goes to and fro.
- `grade`: a submission and a seed in, an executed notebook with reports out; a pure function. `told`: the grader's
  own sentences among a notebook's outputs.
- `stored`: its result, as it is kept and sent.
- `store`, `batch`: a class's results, by content, each made once. `kept`: in a program that lives on, what is warm
  stays so for a while.
- `cluster`: results made on other machines, by way of `courier`, which alone speaks with them. `sent`, `worker`:
  what they get, and do with it. `received`: what comes back, checked.

Nothing here knows nbgrader; `autograder.classroom` does.
"""
