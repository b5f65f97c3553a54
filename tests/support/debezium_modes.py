"""The modes in which events are held against Debezium's, and where the two are meant to differ."""

MODES = {
    "defaults": ({}, {}),
    "strings": ({"decimal_handling_mode": "string", "time_precision_mode": "connect", "interval_handling_mode": "string",
                 "binary_handling_mode": "base64", "schemas": True},
                {"decimals": "string", "times": "connect", "intervals": "string", "binaries": "base64", "schemas": "true"}),
    "doubles": ({"decimal_handling_mode": "double", "time_precision_mode": "adaptive_time_microseconds",
                 "hstore_handling_mode": "map", "binary_handling_mode": "hex"},
                {"decimals": "double", "times": "adaptive_time_microseconds", "hstores": "map", "binaries": "hex"}),
}
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
    ("integer[]", "negative_bounds"): "Debezium writes nulls for an array of arrays; we refuse it",
    ("integer[]", "cube"): "Debezium writes nulls for an array of arrays; we refuse it",
}


def differs(kind, name):
    return (kind, name) in DIFFERENCES or (kind, None) in DIFFERENCES
