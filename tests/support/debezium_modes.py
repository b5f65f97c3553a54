"""The modes in which events are held against Debezium's, and where the two are meant to differ.

TANDEM_TEST_MODES names others than the three of the default tier, as `every_mode()` calls them, comma-separated.
"""

import itertools
import os

_DEFAULT = {
    "defaults": ({}, {}),
    "strings": ({"decimal_handling_mode": "string", "time_precision_mode": "connect", "interval_handling_mode": "string",
                 "binary_handling_mode": "base64", "schemas": True},
                {"decimals": "string", "times": "connect", "intervals": "string", "binaries": "base64", "schemas": "true"}),
    "doubles": ({"decimal_handling_mode": "double", "time_precision_mode": "adaptive_time_microseconds",
                 "hstore_handling_mode": "map", "binary_handling_mode": "hex"},
                {"decimals": "double", "times": "adaptive_time_microseconds", "hstores": "map", "binaries": "hex"}),
}
# (Debezium's key, ours, values of both)
_OPTIONS = (
    ("decimal_handling_mode", "decimals", ("precise", "string", "double")),
    ("time_precision_mode", "times", ("adaptive", "adaptive_time_microseconds", "connect")),
    ("binary_handling_mode", "binaries", ("bytes", "base64", "base64-url-safe", "hex")),
    ("hstore_handling_mode", "hstores", ("json", "map")),
    ("interval_handling_mode", "intervals", ("numeric", "string")),
    ("schemas", "schemas", ("false", "true")),
)
# A mode's name is part of a database's, which has 63 bytes.
_SHORT = {"adaptive_time_microseconds": "micros", "base64-url-safe": "urlsafe", "false": "bare", "true": "schemas"}


def every_mode():
    """{name: (Debezium's configuration, ours)} of the whole product of options."""
    modes = {}
    for chosen in itertools.product(*(values for _, _, values in _OPTIONS)):
        named = list(zip(_OPTIONS, chosen))
        theirs = {theirs: value for (theirs, _, _), value in named if theirs != "schemas"}
        ours = {ours: value for (_, ours, _), value in named if (ours, value) != ("schemas", "false")}
        if "schemas" in ours:
            theirs["schemas"] = True
        modes["_".join(_SHORT.get(value, value) for value in chosen)] = (theirs, ours)
    return modes


def every_pair():
    """Names out of every_mode() so that any two values of two options meet in one of them."""
    left = {(a, b) for a, b in itertools.combinations(
        [(number, value) for number, (_, _, values) in enumerate(_OPTIONS) for value in values], 2) if a[0] != b[0]}
    chosen, names = [], list(every_mode())
    combinations = list(itertools.product(*(values for _, _, values in _OPTIONS)))
    while left:
        def new(index):
            return set(itertools.combinations(enumerate(combinations[index]), 2)) & left
        best = max(range(len(names)), key=lambda index: len(new(index)))
        left -= new(best)
        chosen.append(names[best])
    return chosen


def _chosen():
    given = os.environ.get("TANDEM_TEST_MODES")
    return {name: every_mode()[name] for name in given.split(",")} if given else _DEFAULT


def matrix():
    """Names out of every_mode(): decimals by times, the other options in turn; schema blocks in all."""
    turns = [itertools.cycle(values) for _, _, values in _OPTIONS[2:5]]
    return ["_".join(_SHORT.get(value, value) for value in (decimals, times, *(next(turn) for turn in turns), "true"))
            for decimals in _OPTIONS[0][2] for times in _OPTIONS[1][2]]


MODES = _chosen()
# For tests whose default tier has one mode only, in which decimals are strings that keep all digits.
FEW = MODES if os.environ.get("TANDEM_TEST_MODES") else {"strings": MODES["strings"]}

# Modes of time that came with 3.1.
LATER_TIMES = ("microseconds", "nanoseconds", "isostring") if os.environ.get("TANDEM_TEST_MODES") else ("isostring",)

# Where we differ from Debezium 3.0.8, and why; docs/events.md says the same. A name of None stands for all.
DIFFERENCES = {
    ("name", None): "Debezium writes null for every name",
    ("mood[]", None): "Debezium writes null for every array of an enumeration",
    ("bit(3)[]", None): "Debezium writes null for every array of bits",
    ("int2vector", None): "Debezium writes an empty array for every vector; we leave the column out",
    ("oidvector", None): "Debezium writes an empty array for every vector; we leave the column out",
    ("tsvector", None): "Debezium 3.0 leaves it out, later ones write it as we do",
    ("real", "denormal"): "the shortest text of one and the same number: PostgreSQL's and Java's",
    ("numeric[]", "special"): "Debezium writes null when one element is NaN",
    ("timetz", "min"): "Debezium fails on it",
    ("timetz", "max"): "Debezium fails on it",
    ("interval", "hours"): "Debezium fails on it",
    ("date", "inf"): "Debezium's number overflows; we write the greatest one",
    ("date", "ninf"): "Debezium's number overflows; we write the least one",
    ("date[]", "special"): "as date",
    ("timestamp", "max"): "Debezium's number overflows; we refuse it",
    ("name[]", None): "Debezium leaves it out",
    ("time[]", None): "Debezium writes milliseconds under any schema, and midnight for 24:00",
    ("timestamp[]", "special"): "Debezium counts dates before 1582 in the Julian calendar",
    ("real[]", "special"): "as real",
    ("numeric(3,-2)", "rounded"): "Debezium takes the scale for 65534",
    ("varbit(8)", "zeros"): "Debezium writes no byte, which its sink refuses",
    ("text[][]", None): "Debezium writes the names of Java's arrays; we refuse arrays of arrays",
    ("geometry", None): "Debezium knows PostGIS's type by its name; we leave it out",
    ("vector", None): "Debezium knows pgvector's type by its name; we leave it out",
    ("geometry[]", None): "Debezium writes null for every element; we leave it out",
    ("vector[]", None): "as geometry[]",
    ("int2vector[]", None): "Debezium writes null for every array of vectors; we leave it out",
    ("integer[]", "negative_bounds"): "Debezium writes nulls for an array of arrays; we refuse it",
    ("integer[]", "cube"): "Debezium writes nulls for an array of arrays; we refuse it",
}


def differs(kind, name):
    return (kind, name) in DIFFERENCES or (kind, None) in DIFFERENCES
