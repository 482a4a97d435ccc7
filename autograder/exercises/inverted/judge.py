"""Judge exercise inverted: survivors are scaled by 1 / (1 - rate)."""

from autograder.judge.evidence import Bench, Findings
from autograder.kits.masks.cases import MaskCase
from autograder.kits.masks.judge.bench import MaskBench
from autograder.kits.masks.judge.scaling import INVERTED, judge_training


def rule(bench: Bench[MaskCase]) -> Findings:
    """Rulings on all properties of inverted dropout."""
    return judge_training(MaskBench.of(bench), INVERTED)
