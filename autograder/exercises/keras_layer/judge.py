"""Judge exercise keras_layer: a dropout layer that works wherever Keras puts it."""

from dataclasses import replace

import numpy as np

from autograder.judge.evidence import PASS, Bench, Findings, Ruling, Rulings, blocked
from autograder.kits.masks.cases import MaskCase
from autograder.kits.masks.judge.bench import Draws, MaskBench, close
from autograder.kits.masks.judge.chance import all_or_nothing, judge_chance
from autograder.kits.masks.judge.rulings import went_wrong
from autograder.kits.masks.judge.scaling import (
    INVERTED,
    UNSCALED,
    is_unwritten,
    judge_training,
    recovered_masks,
    with_evaluation,
)


def rule(examination: Bench[MaskCase]) -> Findings:
    """Rulings on all properties of a Keras layer.

    Where a layer of Keras does the work, nothing is left to judge: what was recorded is what that layer does, its
    constructor's check of the rate and its configuration included.
    """
    bench = MaskBench.of(examination)
    own = _judge_origin(bench)
    waiting = Findings({p.slug: blocked("own") for p in bench.exercise.properties} | {"own": own})
    if own.status == "fail":
        return waiting
    training = judge_training(bench, INVERTED, judge_source=_judge_seed, name_repeated=_repeated_misconception)
    if is_unwritten(training.rulings) or "keep-rate" not in training.rulings:
        return training
    if own.status == "error":
        return waiting
    rulings = training.rulings
    drops = any((~draws.kept).any() for draws in recovered_masks(bench, bench.usable()))
    by = "keep-rate" if rulings["keep-rate"].status == "fail" else "scale"
    rulings["own"] = own if drops else blocked(by)  # what does not drop has not shown that it can do so by itself
    whole = rulings["shape"].status == "pass"
    if rulings["dtype"].status == "pass" and whole and _is_layer(bench):
        rulings["dtype"] = _judge_mixed_precision(bench, rulings["scale"].status == "pass")
    found = with_evaluation(_without_models(bench), training, UNSCALED)
    rulings = found.rulings | _name_the_flag(bench, found.rulings)
    if whole and rulings["keep-rate"].status == "pass":
        rulings |= {"graph": _judge_graph(bench, rulings), "config": _judge_config(bench, rulings)}
    else:
        rulings |= dict.fromkeys(("graph", "config"), blocked("keep-rate" if whole else "shape"))
    return Findings(rulings, found.charts)


#: What a report says of the signs that `observe.origin` records, the plainest first.
_SIGNS = {
    "is": "a class that is {} itself",
    "extends": "a class that extends {}",
    "holds": "a layer with {} inside",
    "runs": "a layer in whose calls {} did the dropping",
    "hides": "a layer whose calls replaced the function with which Keras draws dropout",
}
#: Keras's layers that can be named in it. What is recorded may have been forged.
_NAMED = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "Attention")


def _judge_origin(bench: MaskBench) -> Ruling:
    """The layer does the dropping itself: it is not a layer of Keras that drops, and makes none do it."""
    if bench.record("origin").values is None:
        return Ruling("error", returned="the recording of case 'origin' is damaged")
    records = bench.observations.records.items()
    found = [r.values for name, r in records if name.rpartition(".")[2] == "origin" and r.values is not None]
    signs = {(str(row[0]), str(row[1])) for values in found for row in values.reshape(-1, 2)}
    if not signs:
        return PASS
    known = [(how, kind) for how in _SIGNS for kind in (*_NAMED, "") if (how, kind) in signs]
    how, kind = known[0] if known else ("runs", "")
    return Ruling(
        "fail",
        called=f"{bench.exercise.title}(rate, seed), then layer(x, training=True)",
        returned=_SIGNS[how].format(f"keras.layers.{kind}" if kind else "a Keras layer that drops"),
        expected="a layer that draws and drops by itself; keras.random.dropout is allowed",
        misconception="uses-keras-dropout",
    )


def _takes_training(bench: MaskBench) -> bool:
    """Whether Keras tells the layer's `call` that it is training."""
    values = bench.record("signature").values
    return values is None or bool(values.ravel()[:1].all())


def _is_layer(bench: MaskBench) -> bool:
    """Whether the class is one of Keras's layers."""
    values = bench.record("signature").values
    return values is None or bool(values.ravel()[1:].all())


def _name_the_flag(bench: MaskBench, rulings: Rulings) -> Rulings:
    """Rename what a layer without the flag does: in Keras that is one mistake with two faces."""
    if rulings["eval"].misconception == "drops-at-test":
        return {"eval": replace(rulings["eval"], misconception="training-ignored")}
    if rulings["keep-rate"].misconception == "never-drops" and not _takes_training(bench):
        return {"keep-rate": replace(rulings["keep-rate"], misconception="training-ignored")}
    return {}


def _judge_mixed_precision(bench: MaskBench, right_otherwise: bool) -> Ruling:
    """Under mixed precision the layer works, drops, and computes in float16.

    right_otherwise: whether it scales as it should in float32; if not, that is another property's matter.
    """
    case, record, values = bench.cases["mixed"], bench.record("mixed"), bench.values("mixed")
    if values is None:
        return went_wrong(bench, case, record)
    if values.dtype != np.float16:
        return Ruling(
            "fail",
            called=case.call,
            returned=f"a tensor of {values.dtype}",
            expected="a tensor of float16, as other Keras layers give",
            misconception="dtype-changed",
        )
    expected = np.broadcast_to((case.x() / (1 - case.rate)).astype(np.float16), values.shape)
    wrong = ~((values == 0) | close(values, expected))
    if wrong.any() and right_otherwise:
        return Ruling(
            "fail",
            called=case.call,
            returned=f"{int(wrong.sum()):,} of {wrong.size:,} entries are neither 0 nor x / (1 - rate)",
            expected="the same as in float32, apart from rounding",
        )
    return PASS


def _judge_seed(bench: MaskBench) -> Ruling:
    """One seed repeats the sequence, another or none gives another."""
    first, again, other = (bench.values(name) for name in ("repeat", "repeat-same", "repeat-other"))
    if first is None or again is None or other is None:
        return blocked("shape")
    case = bench.cases["repeat"]
    if not np.array_equal(first, again):
        return Ruling(
            "fail",
            called=f"{case.call}, and once more with another layer and the same seed",
            returned="two different sequences of masks",
            expected="the same sequence",
            misconception="ignores-rng",
        )
    loose = [bench.values(name) for name in ("unseeded-a", "unseeded-b")]
    for name, values in zip(("unseeded-a", "unseeded-b"), loose, strict=True):
        if values is None:
            return went_wrong(bench, bench.cases[name], bench.record(name))
    if all_or_nothing(first != 0):
        return PASS  # a handful of coins says nothing of where they come from
    same_for_seeds = np.array_equal(first == 0, other == 0)
    if same_for_seeds or np.array_equal(loose[0] == 0, loose[1] == 0):
        return Ruling(
            "fail",
            called=f"{case.call}, and once more {'with another seed' if same_for_seeds else 'without a seed'}",
            returned="the same masks from two layers that share no seed",
            expected="different masks",
            misconception="seed-inside",
        )
    return PASS


def _repeated_misconception(bench: MaskBench) -> str | None:
    """Which mistake makes a layer's masks repeat: a seed used anew in each call, or a mask that is kept."""
    loose = bench.values("unseeded-a")
    if loose is None:
        return None
    other = bench.values("unseeded-b")
    if other is not None and np.array_equal(loose == 0, other == 0):
        return "seed-inside"
    return "mask-reused" if np.array_equal(loose[0] == 0, loose[1] == 0) else "seed-inside"


def _judge_graph(bench: MaskBench, rulings: Rulings) -> Ruling:
    """The layer drops in a model, and in a compiled `fit` with a new mask at every step."""
    if not _is_layer(bench):
        return Ruling(
            "fail",
            called=bench.cases["model"].call,
            returned=f"{bench.exercise.title} is no keras.layers.Layer, so no model can hold it",
            expected=f"class {bench.exercise.title}(keras.layers.Layer)",
        )
    for name in ("fit", "model"):
        case, record, values = bench.cases[name], bench.record(name), bench.values(name)
        if values is None:
            return went_wrong(bench, case, record)
        draws = next(iter(recovered_masks(bench, [case])), None)
        if draws is None or draws.kept.all():
            return Ruling(
                "fail",
                called=case.call,
                returned="nothing was dropped in any step" if draws else "NaN or infinity",
                expected=f"about {100 * case.rate:.0f}% of the entries dropped",
            )
        if (draws.kept == draws.kept[:1]).all():
            if rulings["fresh"].status != "pass":
                return blocked("fresh")  # they repeat in eager calls already
            return Ruling(
                "fail",
                called=case.call,
                returned=f"the same mask in all {case.calls} steps",
                expected="a new mask in every step",
                misconception="numpy-in-graph",
            )
        doubt = _chance_in(bench, draws, rulings)
        if doubt is not None:
            return doubt
    return PASS


def _chance_in(bench: MaskBench, draws: Draws, rulings: Rulings) -> Ruling | None:
    """The first ruling on the masks of one place that is worse there than in eager calls, if any."""
    chances = judge_chance(bench, [draws], lambda _: None)
    places = (("keep-rate", chances.rate), ("independent", chances.independent), ("fresh", chances.fresh))
    for slug, ruling in places:
        if ruling.status == "fail" and rulings[slug].status == "pass":
            return replace(ruling, misconception=None)
    return None


def _without_models(bench: MaskBench) -> MaskBench:
    """The same examination; where no model can be built with the layer, without the evaluations of models.

    That costs property graph, and nothing else.
    """
    if bench.record("model").problem != "raised" and _is_layer(bench):
        return bench
    left = {name: case for name, case in bench.cases.items() if case.mode not in ("model-default", "predict")}
    return MaskBench(bench.exercise, left, bench.observations, bench.doubted, bench.budget)


def _judge_config(bench: MaskBench, rulings: Rulings) -> Ruling:
    """Made from its configuration the layer drops the same units, saved and loaded it drops as before."""
    if not _is_layer(bench):
        return blocked("graph")
    if rulings["independent"].status != "pass":
        return blocked("independent")  # the count below is binomial only if units are independent
    for name in ("config", "loaded"):
        case, record, values = bench.cases[name], bench.record(name), bench.values(name)
        if values is None and name == "loaded" and bench.record("model").problem:
            return blocked("graph")  # where no model can be built, none can be saved
        if values is None:
            return replace(went_wrong(bench, case, record), misconception="config-lost")
        kept = values[:, case.x() != 0] != 0
        finding = bench.budget.family(int(kept.sum()), kept.size, 1 - case.rate)
        if finding and not bench.doubted:
            return Ruling(
                "fail",
                called=case.call,
                returned=f"{100 * kept.mean():.1f}% of the entries were kept",
                expected=f"{100 * (1 - case.rate):.1f}%, as before",
                misconception="config-lost",
                statistical=True,
            )
    return _judge_copied_seed(bench) if rulings["rng"].status == "pass" else PASS


def _judge_copied_seed(bench: MaskBench) -> Ruling:
    """A layer made from another one's configuration has its seed, and so draws the masks that it drew."""
    original, copy = bench.values("large-high"), bench.values("config")
    if original is None or copy is None or np.array_equal(original[: len(copy)], copy):
        return PASS
    return Ruling(
        "fail",
        called=bench.cases["config"].call,
        returned="other masks than those of the layer whose configuration it was",
        expected="the same masks: the copy has the same rate and the same seed",
        misconception="seed-lost",
    )
