"""Judge exercise classic: unscaled in training, then x(1 - rate) at test (Srivastava et al. 2014, section 4)."""

from autograder.judge.evidence import Bench, Findings
from autograder.kits.masks.cases import MaskCase
from autograder.kits.masks.judge.bench import MaskBench
from autograder.kits.masks.judge.scaling import KEPT, UNSCALED, judge_training, with_evaluation


def rule(bench: Bench[MaskCase]) -> Findings:
    """Rulings on all properties of classic dropout."""
    masks = MaskBench.of(bench)
    return with_evaluation(masks, judge_training(masks, UNSCALED), KEPT)
