"""From masks to rulings on keep-rate, independent and fresh, each on evidence the others cannot spoil.

A test of the rate that counts all entries as independent would blame the rate for a mask that is shared by
all rows, although each of its units is kept as often as it should be. So when independence or freshness is in
doubt, the rate is asked again of the counts that stay binomial: per unit over calls, or within one mask.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from autograder.judge.evidence import PASS, Ruling, blocked
from autograder.judge.statistics import Budget, binomial_band
from autograder.kits.masks.judge.alarms import Alarm, duplicates, freshness_alarms, independence_alarms, rate_alarms
from autograder.kits.masks.judge.bench import Draws, MaskBench
from autograder.report import Chart

#: Alarms of the rate that hold whatever the dependence between the entries of a mask.
_UNIT_ALARMS = ("unit",)
#: Alarms that say some units are kept more often than others.
_UNEVEN = ("unit", "part", "end", "by-sign", "by-size")
#: How many entries all calls of a case need together to show that its masks repeat.
TELLING = 2000
#: How improbable a count must be before an explanation of it is ruled out. Naming a mistake is no verdict,
#: so this needs no budget; it only has to be far beyond chance.
_FIT = 1e-9


@dataclass(frozen=True)
class Chances:
    """The three rulings on chance, and what was learned on the way."""

    rate: Ruling
    independent: Ruling
    fresh: Ruling


def judge_chance(
    bench: MaskBench,
    draws: list[Draws],
    name_repeated: Callable[[MaskBench], str | None] | None = None,
) -> Chances:
    """Rule on keep-rate, independence and freshness from the masks of all ordinary cases.

    name_repeated: names the mistake behind masks that repeat; by default `repeated_misconception`.
    """
    repeated = [d for d in draws if len(d.kept) > 1 and _period(d.kept) and 0 < d.share < 1]
    if repeated:
        # Copies of a mask say no more than the mask does; and the masks of a few units each, which are too
        # small to show by themselves that they are copies, then say nothing.
        draws = [d for d in draws if d.kept.size >= TELLING]
        draws = [Draws(d.case, d.kept[: _period(d.kept) or None], d.x) for d in draws]
    alarms = _attribute(bench, draws)
    if bench.doubted:
        alarms = _Attribution([], [], [])
    rate = _rate_ruling(bench, draws, alarms.rate) if alarms.rate else PASS
    if alarms.rate and all(d.share in (0, 1) for d in draws):
        return Chances(rate, blocked("keep-rate"), blocked("keep-rate"))
    independent = _independence_ruling(bench, draws, alarms.dependent) if alarms.dependent else PASS
    if alarms.rate and rate.misconception is None:
        if independent.misconception == "fixed-count" and all(_is_rounded(d) for d in draws):
            rate = PASS  # a whole number of units is as near to the rate as that mistake can come
        elif alarms.uneven:
            independent = blocked("keep-rate")
    if any(len(d.kept) > 1 for d in repeated):
        fresh = repeated_ruling(bench, repeated, (name_repeated or repeated_misconception)(bench))
    elif any(d.case.name == "many" and duplicates(d.kept) for d in draws) and independent.status == "pass":
        (d,) = [d for d in draws if d.case.name == "many"]
        fresh = Ruling(
            "fail",
            called=d.case.call,
            returned=f"{duplicates(d.kept)} of the masks repeat an earlier one, in all {d.kept[0].size} entries",
            expected="no mask of that size twice",
        )
    else:
        fresh = _fresh_ruling(bench, alarms.successive) if alarms.successive else PASS
    return Chances(rate, independent, fresh)


Located = tuple[Draws, Alarm]


@dataclass(frozen=True)
class _Attribution:
    """Alarms sorted by the property they speak against, each list free of the others' faults.

    uneven: whether some units are kept more often than others, which no test of independence forgives.
    """

    rate: list[Located]
    dependent: list[Located]
    successive: list[Located]
    uneven: bool = False


def _attribute(bench: MaskBench, draws: list[Draws]) -> _Attribution:
    rate, dependent, successive = _alarms(bench.budget, draws, lambda d: 1 - d.case.rate)
    if not rate and not dependent:
        return _Attribution([], [], successive)
    varied = [d for d in draws if 0 < d.share < 1]
    still_rate, still_dependent, still_successive = _alarms(Budget(), varied, lambda d: d.share)
    uneven = any(alarm.what in _UNEVEN for _, alarm in still_rate)
    if not dependent or not still_dependent:
        # At the rate asked for, or at the one the masks have, entries are independent: the rate is the fault.
        return _Attribution(rate, [], still_successive, uneven)
    # The entries do depend on each other, so only counts that bear that may speak of the rate and of calls.
    misrated = any(alarm.what in _UNIT_ALARMS for _, alarm in rate)
    return _Attribution(
        rate if misrated else [],
        still_dependent if misrated else dependent,
        [located for located in still_successive if located[1].what == "successive-unit"],
        uneven,
    )


def _alarms(
    budget: Budget, draws: list[Draws], keep_of: Callable[[Draws], float]
) -> tuple[list[Located], list[Located], list[Located]]:
    rate, dependent, successive = [], [], []
    for d in draws:
        keep = keep_of(d)
        rate += [(d, alarm) for alarm in rate_alarms(budget, d.kept, keep, d.x)]
        dependent += [(d, alarm) for alarm in independence_alarms(budget, d.kept, keep)]
        successive += [(d, alarm) for alarm in freshness_alarms(budget, d.kept, keep)]
    return rate, dependent, successive


def _is_rounded(d: Draws) -> bool:
    """Whether the kept fraction is off by less than one unit of the shortest axis."""
    return abs(d.share - (1 - d.case.rate)) < 1 / min(d.kept.shape[1:])


def _period(kept: np.ndarray) -> int:
    """After how many calls the masks repeat for good, at most half of the calls; 0 if they do not.

    Chance does that to two large masks or to hundreds of small ones with a probability below 1e-20; a few
    calls of small masks prove nothing, so for them the answer is 0.
    """
    flat = kept.reshape(len(kept), -1)
    if kept.size < TELLING or (len(flat) < 60 and all_or_nothing(flat)):
        return 0
    like_the_first = (flat[1 : len(flat) // 2 + 1] == flat[0]).all(axis=1)
    for period in 1 + np.flatnonzero(like_the_first):
        if np.array_equal(flat[period:], flat[:-period]):
            return int(period)
    return 0


def all_or_nothing(kept: np.ndarray) -> bool:
    """Whether every mask is all kept or all dropped, so that it says no more than one coin would."""
    flat = kept.reshape(len(kept), -1)
    return bool((flat == flat[:, :1]).all())


def _percent(value: float) -> str:
    return f"{100 * value:.1f}%"


def _band_text(alarm: Alarm) -> str:
    band = alarm.finding.band
    if band.low == band.high:
        return f"{band.low:,} of {band.n:,}"
    return f"{band.low:,} to {band.high:,} of {band.n:,}"


def _share_text(alarm: Alarm) -> str:
    return _percent(alarm.finding.count / alarm.finding.band.n)


def _rate_ruling(bench: MaskBench, draws: list[Draws], misrated: list[Located]) -> Ruling:
    d, alarm = max(misrated, key=lambda located: _distance(located[1]))
    finding, keep = alarm.finding, 1 - d.case.rate
    got = f"{finding.count:,} of {finding.band.n:,}"
    told = {
        "share": f"{got} entries were kept ({_share_text(alarm)})",
        "share-of-a-call": f"{got} entries were kept in call {finding.index + 1}",
        "share-over-time": f"{got} entries were kept in part {finding.index + 1} of 6 of the calls",
        "unit": f"the unit at {_position(d, finding.index)} was kept in {got} calls",
        "part": f"{got} entries were kept in part {finding.index + 1} of 8 of the array",
        "end": f"{got} entries were kept at the end of the array",
        "by-sign": f"{got} entries with positive x were kept",
        "by-size": f"{got} entries with large |x| were kept",
    }[alarm.what]
    name = rate_misconception(draws)
    return Ruling(
        "fail",
        called=d.case.call,
        returned=told,
        expected=f"{_percent(keep)} kept, that is, {_band_text(alarm)}",
        misconception=name,
        statistical=True,
        charts=(_units_chart(d),) if alarm.what == "unit" and name is None else (),
    )


def _distance(alarm: Alarm) -> float:
    """How far outside its band a count lies, in standard deviations; a total says most, so it leads."""
    band = alarm.finding.band
    spread = np.sqrt(band.n * band.p * (1 - band.p)) or 1.0
    lead = 1e6 if alarm.what == "share" else 0
    return lead + abs(alarm.finding.count - band.n * band.p) / spread


def _position(d: Draws, index: int) -> str:
    shape = d.kept.shape[1:]
    return str(tuple(int(i) for i in np.unravel_index(index, shape)))


def rate_misconception(draws: list[Draws]) -> str | None:
    """The catalogued mistake that explains the kept fraction of every case, or None."""
    shares = [(d.share, d.case.rate, d.kept.size) for d in draws if d.kept[0].size > 4]
    if all(share == 1 for share, _, _ in shares):
        return "never-drops"

    def explains(kept_with) -> bool:
        return all(
            bool(binomial_band(n, kept_with(rate), _FIT).holds(round(share * n))) for share, rate, n in shares
        )

    if explains(lambda rate: rate):
        return "keep-drop-swapped"
    # A normal number below the keep probability or above the rate, and the same two the other way round.
    if any(
        explains(kept_with)
        for kept_with in (
            lambda rate: ndtr(1 - rate),
            lambda rate: ndtr(-rate),
            lambda rate: ndtr(rate),
            lambda rate: ndtr(rate - 1),
            lambda rate: 2 * ndtr(-rate),  # and without the sign
            lambda rate: 2 * ndtr(rate - 1),
            lambda rate: 1 - 2 * ndtr(-rate),
            lambda rate: 1 - 2 * ndtr(rate - 1),
        )
    ):
        return "normal-noise"
    total = sum(n for _, _, n in shares)
    pooled = sum(share * n for share, _, n in shares) / total
    # Wider than chance by the pooled fraction's own error, which is part of every comparison.
    if 0 < pooled < 1 and all(
        abs(share - pooled) < 7 * np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / total)) for share, _, n in shares
    ):
        return "hard-coded-rate"
    return None


def _independence_ruling(bench: MaskBench, draws: list[Draws], alarms: list[Located]) -> Ruling:
    name = dependence_misconception(draws)
    d, alarm = _leading(alarms)
    returned, expected = _dependence_in_words(d, alarm)
    return Ruling(
        "fail",
        called=d.case.call,
        returned=returned,
        expected=expected,
        misconception=name,
        statistical=True,
        charts=_dependence_charts(draws),
    )


def _dependence_in_words(d: Draws, alarm: Alarm) -> tuple[str, str]:
    """What an alarm says of the entries of a mask, and what independent ones would give."""
    if alarm.what.startswith(("spread-", "constant")):
        return _spread_in_words(d, alarm)
    if alarm.what.startswith("whole-"):
        _, part, what = alarm.what.split("-")
        return (
            f"a whole {part} was {what} {alarm.finding.count:,} times",
            f"with independent units, {_band_text(alarm)} times",
        )
    return _DEPENDENCE_IN_WORDS[alarm.what](alarm)


def _spread_in_words(d: Draws, alarm: Alarm) -> tuple[str, str]:
    part = alarm.what.removeprefix("spread-").replace("constant", "mask")
    totals = alarm.data["totals"]
    usual = np.sqrt(alarm.data["part_size"] * (1 - d.case.rate) * d.case.rate)
    returned = (
        f"the number of units kept in a {part} had a standard deviation of {totals.std():.2f}"
        if totals.std()
        else f"every {part} kept exactly {totals[0]} units"
    )
    return returned, f"independent units give a standard deviation of {usual:.2f}"


def _pair_in_words(alarm: Alarm) -> tuple[str, str]:
    finding, told = alarm.finding, alarm.data
    first, second = (
        tuple(int(i) for i in np.unravel_index(told[side][finding.index], told["shape"]))
        for side in ("first", "second")
    )
    returned = f"the units at {first} and {second} were kept together in {finding.count} calls"
    return returned, f"independent units are kept together in {_band_text(alarm)} calls"


def _triple_in_words(alarm: Alarm) -> tuple[str, str]:
    returned = f"three particular units were kept together in {alarm.finding.count} calls"
    return returned, f"independent units are kept together in {_band_text(alarm)} calls"


def _parity_in_words(alarm: Alarm) -> tuple[str, str]:
    returned = f"among three neighbours, an even number was dropped in {_share_text(alarm)} of cases"
    return returned, f"independent units do that in {_percent(alarm.finding.band.p)} of cases"


def _pattern_in_words(alarm: Alarm) -> tuple[str, str]:
    pattern = "".join(str(int(bit)) for bit in alarm.data["pattern"])
    returned = f"the mask {pattern} came up {alarm.finding.count} times"
    return returned, f"with independent units, {_band_text(alarm)} times"


def _reversed_in_words(alarm: Alarm) -> tuple[str, str]:
    returned = f"the mask and the same mask read backwards agreed in {_share_text(alarm)} of the entries"
    return returned, f"independent entries agree in {_percent(alarm.finding.band.p)}"


def _lag_in_words(alarm: Alarm) -> tuple[str, str]:
    lag = alarm.data["lag"]
    returned = f"entries {lag:,} apart (row after row) agreed in {_share_text(alarm)} of all pairs"
    return returned, f"independent entries agree in {_percent(alarm.finding.band.p)}"


#: What came back and what is expected, by what an alarm is of.
_DEPENDENCE_IN_WORDS: dict[str, Callable[[Alarm], tuple[str, str]]] = {
    "pair": _pair_in_words,
    "triple": _triple_in_words,
    "parity": _parity_in_words,
    "pattern": _pattern_in_words,
    "reversed": _reversed_in_words,
    "lag": _lag_in_words,
}


def _leading(alarms: list[Located]) -> Located:
    """The alarm that is easiest to see: a constant count, whole rows, then pairs, then the rest."""
    order = (
        "spread-mask",
        "constant",
        "whole-",
        "spread-",
        "pair",
        "triple",
        "parity",
        "pattern",
        "reversed",
        "lag",
    )

    def rank(located: Located) -> tuple:
        what = located[1].what
        return next(i for i, start in enumerate(order) if what.startswith(start)), -_distance(located[1])

    return min(alarms, key=rank)


def dependence_misconception(draws: list[Draws]) -> str | None:
    """The catalogued mistake that explains how entries of a mask depend on each other, or None."""
    grids = [d.kept for d in draws if d.kept.ndim == 3 and min(d.kept.shape[1:]) > 1]
    if not grids:
        return None
    if all((k == k[:, :1, :1]).all() for k in grids):
        return "scalar-mask"
    if all((k == k[:, :1, :]).all() for k in grids):
        return "mask-shared-across-rows"
    if all((k == k[:, :, :1]).all() for k in grids):
        return "mask-shared-across-columns"
    many = [k for k in grids if len(k) > 1]
    for axes in ((1, 2), 2, 1):
        if many and all(len(np.unique(k.sum(axis=axes))) == 1 for k in many):
            return "fixed-count"
    return None


def _fresh_ruling(bench: MaskBench, alarms: list[Located]) -> Ruling:
    d, alarm = max(alarms, key=lambda located: _distance(located[1]))
    band = alarm.finding.band
    calls = "consecutive calls" if alarm.data["lag"] == 1 else f"calls {alarm.data['lag']} apart"
    who = "the entries" if alarm.what == "successive" else "the pairs looked at for one unit"
    return Ruling(
        "fail",
        called=d.case.call,
        returned=f"{_percent(alarm.finding.count / band.n)} of {who} agreed between {calls}",
        expected=f"{_percent(band.p)}, as between independent masks",
        statistical=True,
    )


def repeated_ruling(bench: MaskBench, repeated: list[Draws], name: str | None) -> Ruling:
    """The ruling on freshness when masks repeat, by the mistake called `name`."""
    d = max(repeated, key=lambda d: d.kept[0].size)
    period = _period(d.kept)
    return Ruling(
        "fail",
        called=d.case.call,
        returned=(
            f"the same mask every time: all {d.kept[0].size:,} entries"
            if period == 1
            else f"the same {period} masks over and over"
        ),
        expected="a new mask in every call",
        misconception=name,
    )


def repeated_misconception(bench: MaskBench) -> str | None:
    """The catalogued mistake behind masks that repeat although rng was handed over, or None."""
    if any(bench.record(case.name).rng_moved for case in bench.usable()):
        return "mask-reused"
    first, other = bench.values("repeat"), bench.values("repeat-other")
    # Nothing was drawn from rng. If the masks follow it all the same its state was copied; that has no name.
    return "seed-inside" if first is not None and other is not None and _same_zeros(first, other) else None


def _same_zeros(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(((a == 0) == (b == 0)).all())


def _dependence_charts(draws: list[Draws]) -> tuple[Chart, ...]:
    """How many units each mask keeps, beside what independent units would give."""
    d = next((d for d in draws if d.case.name in ("units-low", "units-high") and len(d.kept) > 1), None)
    if d is None:
        return ()
    totals = d.kept.reshape(len(d.kept), -1).sum(axis=1)
    n = d.kept[0].size
    return (
        Chart(
            "counts",
            "How many units a mask keeps",
            f"Histogram of the number of kept units in {len(totals)} masks of {n} units. Yours range from "
            f"{totals.min()} to {totals.max()}; independent units would spread around "
            f"{n * (1 - d.case.rate):.0f} with a standard deviation of "
            f"{np.sqrt(n * d.case.rate * (1 - d.case.rate)):.1f}.",
            {"totals": totals, "n": np.array(n), "keep": np.array(1 - d.case.rate)},
        ),
    )


def _units_chart(d: Draws) -> Chart:
    calls, keep = len(d.kept), 1 - d.case.rate
    counts = d.kept.reshape(calls, -1).sum(axis=0)
    band = binomial_band(calls, keep, 1e-6 / counts.size)
    outside = int((~band.holds(counts)).sum())
    return Chart(
        "units",
        "How often each unit is kept",
        f"How often each of {counts.size} units was kept in {calls} calls, beside the band from "
        f"{band.low / calls:.2f} to {band.high / calls:.2f}. {outside} lie outside.",
        {"shares": counts / calls, "low": np.array(band.low / calls), "high": np.array(band.high / calls)},
    )
