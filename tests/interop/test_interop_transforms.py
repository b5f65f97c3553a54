"""Kafka's and Debezium's transformations and ours: generated records through the same chains, every output and every sentence the same."""

import json
import os
import re
import struct
import subprocess

import pytest

from support import debezium, expression_cases, smt_cases

COUNT = int(os.environ.get("TANDEM_TEST_RECORDS", "300"))
# What Java says of its own objects there: an address in memory, and the record with all that is in it, which ours keeps out of
# its messages.
CUT = re.compile(r"(No value specified for static field: |Timestamp missing on record: ).*", re.S)
# Which of several fields is looked at first depends on Java's hash table.
ANY_CLASS = re.compile(r"Cannot mask value of type: ?class \S+|Cannot mask value of type class \S+")


def told(answer):
    """An answer without what Java leaves open: the order of its maps."""
    answer = dict(answer)
    for step in ("config", "read", "error", "write"):
        if step in answer:
            kind, sentence = answer[step]
            answer[step] = [kind, ANY_CLASS.sub("Cannot mask", CUT.sub(r"\1", sentence or ""))]
    for side in ("key", "value"):
        if answer.get(side) is not None:
            answer[side] = ordered(json.loads(answer[side]))
    answer["headers"] = [[name, text and ordered(json.loads(text)), shown and sorted(shown)]
                         for name, text, shown in answer.get("headers", [])]
    return answer


def ordered(value):
    if isinstance(value, dict):
        return {key: ordered(each) for key, each in value.items()}
    if isinstance(value, list):
        value = [ordered(each) for each in value]
        if value and all(isinstance(each, list) and len(each) == 2 and type(each[0]) is int for each in value):
            value.sort(key=lambda pair: pair[0])  # a map whose keys are numbers
    return value


def answers(command, cases):
    done = subprocess.run(command, input="".join(json.dumps(case) + "\n" for case in cases), capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [told(json.loads(line)) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("kind", [*smt_cases.KINDS, "chains"])
def test_same_as_theirs(kind):
    cases = list(smt_cases.cases(kind, COUNT * (3 if kind == "chains" else 1), seed=1))
    ours = answers([os.environ["TANDEM_TRANSFORM_TOOL"]], cases)
    theirs = answers(debezium.java("source", "Chains"), cases)
    assert len(ours) == len(theirs) == len(cases)
    for case, mine, other in zip(cases, ours, theirs):
        assert mine == other, case
    made = sum("topic" in answer or "dropped" in answer for answer in theirs)
    assert made > len(cases) * 0.15, made  # most of what is generated must not be refused


def outcome(answer):
    """What became of a record; of an error, that it is one: Groovy's tell of Groovy."""
    failed = next((step for step in ("config", "read", "error", "write") if step in answer), None)
    return failed or ("dropped" if "dropped" in answer else answer["topic"])


@pytest.mark.parametrize("kind", ["Filter", "ContentBasedRouter"])
def test_conditions_mean_what_they_mean_in_groovy(kind):
    cases = list(expression_cases.cases(kind, COUNT, seed=1))
    ours = answers([os.environ["TANDEM_TRANSFORM_TOOL"]], [mine for mine, _ in cases])
    theirs = answers(debezium.java("scripting", "Chains"), [other for _, other in cases])
    assert len(ours) == len(theirs) == len(cases)
    apart = 0
    for (case, _), mine, other in zip(cases, ours, theirs):
        # Groovy takes a text of one letter for the letter's number; ours says that a text is none.
        if outcome(mine) == "error" and re.search("Cannot compare a .*java.lang.String", mine["error"][1]):
            apart += outcome(other) != "error"
            continue
        assert outcome(mine) == outcome(other), (case, mine, other)
    assert apart < len(cases) * 0.05
    assert sum(outcome(other) != "error" for other in theirs) > len(cases) * 0.6


CONVERTERS = ["org.apache.kafka.connect.storage.StringConverter", "org.apache.kafka.connect.storage.SimpleHeaderConverter",
              *(f"org.apache.kafka.connect.converters.{name}Converter"
                for name in ("ByteArray", "Short", "Integer", "Long", "Float", "Double", "Boolean"))]


def converter_cases(count):
    """Values without maps of several entries, whose order Java leaves open; bytes by themselves alone, of which it tells where
    in memory they lie."""
    source = smt_cases.Source("converters")
    made = 0
    while made < count:
        schemas = source.random.random() < 0.7
        schema = source.schema(depth=source.one([0, 1, 2]))
        told = json.dumps({"schema": schema, "payload": source.value(schema)} if schemas else source.free(depth=2))
        if '"map"' in told or '"bytes"' in told.replace('"type": "bytes", "name"', ""):
            continue
        made += 1
        yield {"chain": {}, "schemas": schemas, "topic": "t", "key": None, "value": told, "headers": [], "convert": CONVERTERS}
    for payload in ('"AP8="', '""', "null"):
        yield {"chain": {}, "schemas": True, "topic": "t", "key": None, "headers": [], "convert": CONVERTERS[1:],
               "value": '{"schema": {"type": "bytes", "optional": true}, "payload": %s}' % payload}


def converted(answer):
    """JSON as it is read; a float by its bits: Java 17 writes more digits of some than they need."""
    def read(text):
        if isinstance(text, str) and text.startswith("{"):
            made = json.loads(text)
            if (made["schema"] or {}).get("type") == "float" and isinstance(made["payload"], float):
                made["payload"] = struct.pack("f", made["payload"])
            return made
        return text
    return [[read(part) for part in each] for each in answer["converted"]]


def test_converters_are_kafkas():
    cases = list(converter_cases(COUNT))
    ours = answers([os.environ["TANDEM_TRANSFORM_TOOL"]], cases)
    theirs = answers(debezium.java("source", "Chains"), cases)
    assert len(ours) == len(theirs) == len(cases)
    for case, mine, other in zip(cases, ours, theirs):
        assert ("converted" in mine) == ("converted" in other), (case, mine, other)
        if "converted" in other:
            for name, one, another in zip(case["convert"], converted(mine), converted(other), strict=True):
                assert one == another, (name, case["value"])
    assert sum("converted" in other for other in theirs) > COUNT * 0.9
