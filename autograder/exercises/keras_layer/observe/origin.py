"""Whose work a Keras layer does: its own, or that of a layer of Keras that drops.

Recorded are signs that do not rest on each other, and on no name that the student chose: what the layer's class
descends from, what lies inside the layer, which code runs in a call, and from where Keras's own drawing of dropout
is called. `keras.random.dropout` and all else that is not a layer leave no sign.

It imports Keras, so it is loaded only when this exercise is observed.
"""

import contextlib
import functools
import re
import sys
from collections.abc import Callable, Iterator
from types import CodeType

import keras
import numpy as np
from keras.src.backend import random as drawing

from autograder.observations import Record

#: Keras's layers that drop, with all that derive from them. GaussianDropout is none: it multiplies by noise.
_DROPPING = (keras.layers.Dropout, keras.layers.AlphaDropout)

#: A sign: how the layer depends on a layer of Keras ("is", "extends", "holds", "runs", or "hides" where it took the
#: watch away), and that layer's class.
Sign = tuple[str, str]

#: Files of Keras's layers, also of older versions that TensorFlow brings along.
_LAYERS = re.compile(r"[/\\]keras[/\\](?:src[/\\])?layers[/\\]")
#: Methods in them that drop.
_DROPS = re.compile(r"(?:Alpha|\w*Spatial)?Dropout(?:[123]D)?\.call")

#: The tables of line numbers of those methods. A copy of a method's code shares its table, whatever else is changed
#: in it; the same text compiled anew has another one.
_TABLES = {
    id(code.co_linetable): (code.co_linetable, kind.__name__)
    for kind in (*_DROPPING, keras.layers.SpatialDropout1D.__base__)
    for code in (kind.call.__code__,)
}


def origin_record(layer_class: type) -> Record:
    """A record of all signs that one layer shows in itself and in its first training call; see `as_record`."""
    found = _descent(layer_class, ("is", "extends"))
    with contextlib.suppress(BaseException):  # what goes wrong in a call is recorded elsewhere
        with watched_code(found):
            layer = layer_class(0.4, seed=1)
            layer(np.ones((4, 5), np.float32), training=True)
        found |= _descent(type(layer), ("is", "extends"))
        for inner in _inside(layer):
            found |= _descent(type(inner), ("holds", "holds"))
    return as_record(found)


def as_record(found: set[Sign]) -> Record:
    """Signs as a record: a row [how, class] for each, (signs, 2) of text."""
    return Record(values=np.array(sorted(found), dtype="U40").reshape(-1, 2))


def _descent(kind: type, how: tuple[str, str]) -> set[Sign]:
    """What a class is, or extends, of Keras's layers that drop. how: the signs of the two."""
    ancestors = type.__dict__["__mro__"].__get__(kind)  # not asked of the class, whose metaclass may lie
    return {(how[kind is not base], base.__name__) for base in ancestors if any(base is d for d in _DROPPING)}


def _inside(layer: object) -> list[object]:
    """The layers that Keras knows to lie inside this one, at any depth, whether in attributes, lists or dicts."""
    found = [layer]
    for each in found:
        held = object.__getattribute__(each, "__dict__").get("_layers", ())
        found += [inner for inner in held if not any(inner is known for known in found)]
    return found[1:]


@contextlib.contextmanager
def watched_code(found: set[Sign]) -> Iterator[None]:
    """Add to `found` the methods of Keras's layers that drop, and that run meanwhile in this thread."""

    def watch(frame, event, _):
        if event == "call":
            name = _dropping_method(frame.f_code)
            if name:
                found.add(("runs", name))

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)


def _dropping_method(code: CodeType) -> str:
    """The class of Keras whose dropping method this code is, or is a copy of; "" if it is none."""
    if id(code.co_linetable) in _TABLES:
        return _TABLES[id(code.co_linetable)][1]
    if _DROPS.fullmatch(code.co_qualname) and _LAYERS.search(code.co_filename):
        return code.co_qualname.partition(".")[0]
    return ""


@contextlib.contextmanager
def watched_draws() -> Iterator[set[Sign]]:
    """A set to which is added which layers of Keras draw dropout meanwhile, in calls of any kind.

    All layers of Keras that drop call one of two functions; so does `keras.random`, which is not a layer.
    """
    found: set[Sign] = set()
    originals = {name: getattr(drawing, name) for name in ("dropout", "uniform")}
    watched = {name: _watched(original, name, found) for name, original in originals.items()}
    for name, function in watched.items():
        setattr(drawing, name, function)
    try:
        yield found
    finally:
        if any(getattr(drawing, name) is not function for name, function in watched.items()):
            found.add(("hides", ""))
        for name, original in originals.items():
            setattr(drawing, name, original)


def _watched(original: Callable, name: str, found: set[Sign]) -> Callable:
    @functools.wraps(original)
    def draw(*args, **kwargs):
        caller = sys._getframe(1).f_code
        kind = _dropping_method(caller)
        if not kind and name == "dropout" and _LAYERS.search(caller.co_filename):
            kind = caller.co_qualname.partition(".")[0]  # a layer that drops beside what else it does
        if kind:
            found.add(("runs", kind))
        return original(*args, **kwargs)

    return draw
