"""Generated conditions, in the part of Groovy that tandem's expressions are, over records of Debezium's kind."""

import json

from support.smt_cases import Source

ROW = [{"type": "int32", "optional": False, "field": "id"}, {"type": "string", "optional": True, "field": "name"},
       {"type": "double", "optional": True, "field": "price"}, {"type": "boolean", "optional": True, "field": "active"},
       {"type": "int64", "optional": True, "field": "big"},
       {"type": "array", "items": {"type": "int32", "optional": False}, "optional": True, "field": "list"}]
NAMES = ["", "abc", "Abc", "황보", "a.b", "x"]
LITERALS = ["0", "1", "2", "-1", "7", "1.5", "2.0", "'abc'", '"abc"', "'x'", "''", "true", "false", "null", "[1, 2]", "['abc', 'x']", "[]"]
FIELDS = ["value.op", "value.after.id", "value.after.name", "value.after.price", "value.after.active", "value.after.big", "value.after.list",
          "value.before", "value.before?.id", "value.before?.name", "value.after", "value.source.table", "value['op']", "value.get('op')",
          "value.after.get('id')", "value.getStruct('after').getString('name')", "key.id", "topic", "header.h?.value", "header['n']?.value",
          "value.none", "value.after.list[0]", "value.after.list[-1]", "value.after.list[9]", "valueSchema.name()", "key", "value.before.id"]
METHODS = ["startsWith('a')", "endsWith('c')", "contains('b')", "isEmpty()", "length()", "size()", "toUpperCase()", "toLowerCase()", "trim()",
           "equalsIgnoreCase('ABC')", "equals('abc')", "matches('[a-c]+')", "toString()"]
TEXTS = ["value.op", "value.after.name", "value.before?.name", "topic", "value.source.table", "header.h?.value", "'abc'"]


def condition(source, depth=0):
    """Mostly a truth."""
    luck = source.random.random()
    if depth < 3 and luck < 0.25:
        return f"{condition(source, depth + 1)} {source.one(['&&', '||'])} {condition(source, depth + 1)}"
    if depth < 3 and luck < 0.33:
        return f"!({condition(source, depth + 1)})"
    if depth < 3 and luck < 0.4:
        return f"({condition(source, depth + 1)} ? {condition(source, depth + 1)} : {condition(source, depth + 1)})"
    if luck < 0.6:
        return f"{operand(source)} {source.one(['==', '!='])} {operand(source)}"
    if luck < 0.75:
        return f"{operand(source)} {source.one(['<', '<=', '>', '>='])} {operand(source)}"
    if luck < 0.83:
        return f"{operand(source)} in {source.one(['[1, 2, 7]', '[]', 'value.after.list', LITERALS[-2]])}"
    if luck < 0.9:
        return f"{source.one(TEXTS)} ==~ {source.one(['/[a-z]+/', '/.*b.*/'])}".replace("/", "'")
    return f"{source.one(TEXTS)}.{source.one(METHODS[:3] + METHODS[3:4] + METHODS[9:12])}"


def operand(source):
    luck = source.random.random()
    if luck < 0.5:
        return source.one(FIELDS)
    if luck < 0.85:
        return source.one(LITERALS)
    if luck < 0.92:
        return f"{source.one(TEXTS)}.{source.one(METHODS)}"
    return f"({source.one(['value.after.id', 'value.after.big', '7'])} {source.one(['+', '-', '*', '%'])} {source.one(['2', '3', 'value.after.id'])})"


def route(source):
    """Mostly a text, or null."""
    luck = source.random.random()
    if luck < 0.3:
        return f"{condition(source, 2)} ? 'other' : {source.one(['null', 'topic', '{0}'.format(source.one(TEXTS))])}"
    if luck < 0.6:
        return f"topic + '-' + {source.one(FIELDS[:5] + TEXTS)}"
    if luck < 0.8:
        return f"{source.one(TEXTS)} ?: 'none'"
    return operand(source)


def record(source):
    text, number = {"type": "string", "optional": False}, {"type": "int64", "optional": True}
    row = {"type": "struct", "optional": True, "name": "p.public.users.Value", "fields": ROW}
    block = {"type": "struct", "optional": False, "name": "Source", "field": "source", "fields": [dict(text, field="table"), dict(number, field="lsn")]}
    schema = {"type": "struct", "optional": False, "name": "p.public.users.Envelope",
              "fields": [dict(row, field="before"), dict(row, field="after"), block, dict(text, field="op")]}

    def values():
        return {"id": source.one([0, 1, 2, 7, -1]), "name": source.one([None, *NAMES]), "price": source.one([None, 0.0, 1.5, 2.0]),
                "active": source.one([None, True, False]), "big": source.one([None, 0, 7, 2**40]), "list": source.one([None, [], [1], [1, 2]])}
    payload = {"before": source.one([None, values()]), "after": values(), "source": {"table": source.one(["users", "abc"]), "lsn": 1},
               "op": source.one(["c", "u", "d", "x"])}
    value = None if source.random.random() < 0.1 else json.dumps({"schema": schema, "payload": payload})
    key = {"schema": {"type": "struct", "fields": ROW[:1], "optional": False}, "payload": {"id": source.one([1, 7])}}
    return {"schemas": True, "topic": source.one(["users", "abc", "x"]), "partition": None, "timestamp": None, "key": json.dumps(key), "value": value,
            "headers": source.one([[], [["h", "abc"]], [["h", "1"], ["n", "7"]], [["n", "1.5"], ["n", "2"]]])}


def cases(kind, count, seed):
    """Each as (ours, theirs): they differ in the language's name alone."""
    source = Source(f"{kind} {seed}")
    setting, made = {"Filter": ("condition", condition), "ContentBasedRouter": ("topic.expression", route)}[kind]
    for _ in range(count):
        properties = {setting: made(source)}
        if source.random.random() < 0.2:
            properties["null.handling.mode"] = source.one(["keep", "drop", "evaluate"])
        if source.random.random() < 0.2:
            properties["topic.regex"] = source.one(["users", "a.*|x"])
        told = record(source)

        def of(language):
            chain = {"type": f"io.debezium.transforms.{kind}", "language": language, **properties}
            return {"chain": {"transforms": "t", **{f"transforms.t.{name}": text for name, text in chain.items()}}, **told}
        yield of("tandem"), of("jsr223.groovy")
