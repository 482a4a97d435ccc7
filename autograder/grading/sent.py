"""What a worker on another machine needs to know of a task, as JSON: seeds, never the course's secret."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.grading.sandbox import Limits
from autograder.grading.template import Check, Submission, Template


@dataclass(frozen=True)
class Sent:
    """One submission to grade elsewhere. seeds: by exercise, of this submission alone; see `seed_of`.

    The rest is as in `batch.Task`.
    """

    submission: Submission
    template: Template
    seeds: dict[str, int]
    limits: Limits
    walled: bool
    course: Path | None = None

    def as_text(self) -> str:
        """This as JSON."""
        return json.dumps(asdict(self) | {"course": self.course and str(self.course)})

    @classmethod
    def from_text(cls, text: str) -> "Sent":
        """What `as_text` gave."""
        raw = json.loads(text)
        handed, asked = raw["submission"], raw["template"]
        checks = tuple(Check(**{**check, "objects": tuple(check["objects"])}) for check in asked["checks"])
        return cls(
            Submission(**{**handed, "notes": tuple(handed["notes"])}),
            Template(**{**asked, "cells": tuple(asked["cells"]), "checks": checks}),
            raw["seeds"],
            Limits(**raw["limits"]),
            raw["walled"],
            Path(raw["course"]) if raw["course"] else None,
        )
