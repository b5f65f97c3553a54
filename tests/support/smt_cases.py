"""Generated records and chains for transformations: each case a line for Chains.java and transform_tool.cpp."""

import base64
import json
import random

PREFIX = "org.apache.kafka.connect.transforms."
DATA = "org.apache.kafka.connect.data."
NAMES = ["id", "name", "at", "n", "flag", "blob", "list", "inner", "a.b", "x"]
TOPICS = ["chat", "p.public.users", "p.public.messages", "other-1"]
TEXTS = ["", "abc", "황보규민", "quo\"te\\", "2024-02-29T23:59:59.123Z", "2024-02-29", "13:14:15.016Z", "1", "-2.50", "true", "null",
         "[1, 2]", "{\"a\": 1}", "line\nend", "\u0001"]


class Source:
    """Random schemas and values; `rows` is how deep structures go."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def one(self, of):
        return self.random.choice(of)

    def schema(self, depth=0, name=None):
        kinds = ["int8", "int16", "int32", "int64", "float", "double", "boolean", "string", "bytes", "decimal", "date", "time",
                 "timestamp"]
        if depth < 2:
            kinds += ["array", "map", "struct", "map_of_int"]
        made = self.of_kind(self.one(kinds), depth)
        if self.random.random() < 0.5:
            made["optional"] = True
        if made["type"] != "struct" and self.random.random() < 0.2:  # Kafka's converter cannot read a structure's
            made["default"] = self.value(dict(made, optional=False))
        if name is not None:
            made["field"] = name
        return made

    def of_kind(self, kind, depth):
        logical = {"decimal": ("bytes", "Decimal"), "date": ("int32", "Date"), "time": ("int32", "Time"),
                   "timestamp": ("int64", "Timestamp")}
        if kind in logical:
            made = {"type": logical[kind][0], "name": DATA + logical[kind][1], "version": 1}
            if kind == "decimal":
                made["parameters"] = {"scale": str(self.one([0, 2, 5]))}
        elif kind == "array":
            made = {"type": "array", "items": self.schema(depth + 1)}
        elif kind == "map":
            made = {"type": "map", "keys": {"type": "string", "optional": False}, "values": self.schema(depth + 1)}
        elif kind == "map_of_int":
            made = {"type": "map", "keys": {"type": "int32", "optional": False}, "values": self.schema(depth + 1)}
        elif kind == "struct":
            made = self.structure(depth + 1)
        else:
            made = {"type": kind}
        made["optional"] = False
        if self.random.random() < 0.1:
            made["doc"] = "what it \"is\""
        return made

    def structure(self, depth=0):
        names = self.random.sample(NAMES, self.random.randint(1, 6))
        made = {"type": "struct", "fields": [self.schema(depth, name) for name in names], "optional": self.random.random() < 0.3}
        if self.random.random() < 0.5:
            made["name"] = "p.public.users.Value"
            made["version"] = 2
        return made

    def value(self, schema):
        if schema.get("optional") and self.random.random() < 0.25:
            return None
        kind, name = schema["type"], schema.get("name", "")
        if name == DATA + "Decimal":
            number = self.one([0, 1, -1, 127, 128, -129, 12345, -10**20, 10**20 + 7])
            return base64.b64encode(number.to_bytes((number.bit_length() + 8) // 8, "big", signed=True)).decode()
        if name == DATA + "Date":
            return self.one([0, 1, -1, 19782, -150000, 2932896])
        if name == DATA + "Time":
            return self.one([0, 1, 47655016, 86399999])
        if name == DATA + "Timestamp":
            return self.moment()
        bits = {"int8": 7, "int16": 15, "int32": 31, "int64": 63}
        if kind in bits:
            return self.one([0, 1, -1, 2**bits[kind] - 1, -2**bits[kind], self.random.randint(0, 100), self.random.randint(0, 100)])
        if kind in ("float", "double"):
            return self.one([0.0, 1.5, -2.25, 1e10, 1.5e-5, 0.1, 3.0])
        if kind == "boolean":
            return self.one([True, False])
        if kind == "string":
            return self.one(TEXTS)
        if kind == "bytes":
            return base64.b64encode(self.one([b"", b"\x00\xff", b"abc"])).decode()
        if kind == "array":
            return [self.value(schema["items"]) for _ in range(self.random.randint(0, 3))]
        if kind == "map" and schema["keys"]["type"] == "string":
            return {self.one(["k", "l", "m"]): self.value(schema["values"]) for _ in range(self.random.randint(0, 2))}
        if kind == "map":
            keys = self.random.sample([1, -5, 7], self.random.randint(0, 2))
            return [[key, self.value(schema["values"])] for key in keys]
        return {field["field"]: self.value(field) for field in schema["fields"]
                if not (field.get("optional") and self.random.random() < 0.05)}

    def moment(self):
        return self.one([0, 1, -1, 1709251199123, 1709164800000, -62135596800000, -13000000000000, 253402300799999, 951827696000])

    def free(self, depth=0):
        """A value without a schema."""
        kinds = ["null", "boolean", "int", "float", "string", "string", "int"] + (["list", "map"] if depth < 2 else [])
        kind = self.one(kinds)
        if kind == "list":
            return [self.free(depth + 1) for _ in range(self.random.randint(0, 3))]
        if kind == "map":
            return self.object(depth + 1)
        return {"null": None, "boolean": self.one([True, False]), "int": self.one([0, -7, 2**62, self.moment()]),
                "float": self.one([0.5, -1e300, 3.0]), "string": self.one(TEXTS)}[kind]

    def object(self, depth=0):
        return {name: self.free(depth) for name in self.random.sample(NAMES, self.random.randint(0, 6))}

    def side(self, schemas):
        """The JSON text of a key or value; None for a tombstone's."""
        luck = self.random.random()
        if luck < 0.05:
            return None
        if not schemas:
            return json.dumps(self.object() if luck < 0.9 else self.free(), ensure_ascii=luck < 0.5)
        schema = self.structure() if luck < 0.9 else self.schema()
        return json.dumps({"schema": schema, "payload": self.value(schema)}, ensure_ascii=luck < 0.5)

    def record(self):
        schemas = self.random.random() < 0.6
        made = {"schemas": schemas, "topic": self.one(TOPICS), "partition": self.one([None, 0, 3]),
                "timestamp": self.one([None, self.moment(), 1709251199123]), "key": self.side(schemas), "value": self.side(schemas),
                "headers": [[self.one(["h", "origin", "id"]), self.one(TEXTS)] for _ in range(self.random.randint(0, 2))]}
        if self.random.random() < 0.3:
            made["offset"] = self.one([0, 2**40])
            made["partition"] = made["partition"] or 0
        if self.random.random() < 0.2:
            made["numeric"] = True
        if self.random.random() < 0.2:
            made["defaults"] = False
        return made

    def fields(self, most=3):
        return ",".join(self.random.sample(NAMES, self.random.randint(1, most)))

    def chain(self, made):
        """Properties of one transformation, named t."""
        name, properties = made
        return {"transforms": "t", "transforms.t.type": name, **{f"transforms.t.{key}": text for key, text in properties.items()}}


def sided(source, name):
    return PREFIX + name + source.one(["$Key", "$Value", "$Value"])


def often(source, properties):
    """Now and then whether nulls become defaults."""
    if source.random.random() < 0.3:
        properties["replace.null.with.default"] = source.one(["true", "false", "FALSE", "maybe"])
    return properties


def replace_field(source):
    properties = {}
    for key in ("include", "exclude", "whitelist", "blacklist"):
        if source.random.random() < (0.4 if key.endswith("clude") else 0.1):
            properties[key] = source.fields()
    if source.random.random() < 0.5:
        properties["renames"] = source.one(["id:key", "id:key,name:label", "a.b:c", "id:name", "id:name,name:id", "x", "a:b:c", "a:b:",
                                            ":b", "id:x, x:y"])
    return sided(source, "ReplaceField"), often(source, properties)


def mask_field(source):
    properties = {"fields": source.one([source.fields(), source.fields(5), ""])}
    if source.random.random() < 0.4:
        properties["replacement"] = source.one(["***", "42", "-1.5", "1e3", "300", "+7", "", "99999999999999999999"])
    return sided(source, "MaskField"), often(source, properties)


def insert_field(source):
    properties = {}
    for key in ("topic", "partition", "timestamp", "static", "offset"):
        if source.random.random() < (0.1 if key == "offset" else 0.4):
            properties[f"{key}.field"] = source.one(["new_" + key, "new_" + key + "!", "new_" + key + "?", "id"])
    if source.random.random() < 0.6:
        properties["static.value"] = source.one(["site-a", "", "1"])
    return sided(source, "InsertField"), often(source, properties)


PATTERNS = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", "HH:mm:ss.SSS", "yyyyMMdd", "EEE, d MMM yyyy HH:mm:ss Z", "yy/M/d h:mm a",
            "G yyyy DDD", "EEEE MMMM k K u F", "w W YYYY", "''yyyy''", "yyyy 'of' MM", "S SS SSSS", "X XX " + 3 * "X", "zzzz z", "bad b",
            "yyyy 'open", "HHmmss", "yyyy-MM-dd HH:mm:ss.SSSSSS"]


def timestamp_converter(source):
    properties = {"target.type": source.one(["string", "unix", "Date", "Time", "Timestamp", "Timestamp", "nothing"])}
    if source.random.random() < 0.7:
        properties["field"] = source.one(["at", "at", "id", "name", "n", "", "none"])
    if source.random.random() < 0.8:
        properties["format"] = source.one(PATTERNS)
    if source.random.random() < 0.4:
        properties["unix.precision"] = source.one(["seconds", "milliseconds", "microseconds", "nanoseconds", "days"])
    return sided(source, "TimestampConverter"), often(source, properties)


def timestamp_router(source):
    properties = {}
    if source.random.random() < 0.6:
        properties["topic.format"] = source.one(["${topic}-${timestamp}", "x.${timestamp}.${topic}.${topic}", "plain", "${other}"])
    if source.random.random() < 0.6:
        properties["timestamp.format"] = source.one([each for each in PATTERNS if "bad" not in each and "open" not in each])
    return PREFIX + "TimestampRouter", properties


def regex_router(source):
    properties = {"regex": source.one([r"(.*)\.(.*)\.(.*)", r"chat", r"p\.public\.(\w+)", r"(?<all>.*)", r"(.*)-(\d)", r"[a-z]+", r"(a|o).*",
                                       r"(?i)CHAT"]),
                  "replacement": source.one(["$3", "new_$1", "$1$2", "${all}", "fixed", r"\$1", "$0.x", "$10", "", "$", "${none}", "${all",
                                             "x\\"])}
    if source.random.random() < 0.05:
        del properties[source.one(["regex", "replacement"])]
    return PREFIX + "RegexRouter", properties


def insert_header(source):
    return PREFIX + "InsertHeader", {"header": source.one(["h", "origin", ""]), "value.literal": source.one(LITERALS)}


LITERALS = [*TEXTS, "128", "-129", "32768", "2147483648", "9223372036854775807", "9223372036854775808", "1.0", "1.5", "1e10", "1e40", "1e400",
            "+5", "0x10", "[]", "[1, 300, 70000]", "[1, 1.5]", "[1, null]", "[\"a\", 1]", "[\"a\",\"b\"]", "{\"a\":1, \"b\": 2.5}",
            "{1:2}", "{a:1}", "[1", "[1,]", "[,1]", "{\"a\":}", "true}", " true ", "  ", " 12 ", "[true, false]", "[[1],[2]]", "12:34", "a:b,c",
            "2024-13-45", "2024-02-29T23\\:59\\:59.123Z", "[\"2024-02-29\"]", "\"quoted\"", "[1:2]", "-", "+", "1-2", "1.2.3", "[null]", "[null, null]",
            "{\"a\":null}", "{\"a\":1,}", "{null:1}", "NaN", "[1 2]", "[[1, 2], 3]", "[{\"a\": [1.5, 2]}]"]


def header_from(source):
    count = source.random.randint(1, 3)
    properties = {"fields": ",".join(source.random.sample(NAMES, count)), "headers": ",".join(source.random.sample(["h", "i", "j", "k"], count)),
                  "operation": source.one(["move", "copy", "copy", "move", "drop"])}
    if source.random.random() < 0.05:
        properties["headers"] += ",one_more"
    return sided(source, "HeaderFrom"), often(source, properties)


def drop_headers(source):
    return PREFIX + "DropHeaders", {"headers": source.one(["h", "h,origin", "none", "", "id , h"])}


def value_to_key(source):
    return PREFIX + "ValueToKey", often(source, {"fields": source.one([source.fields(2), source.fields(4), "", "id,id"])})


def extract_field(source):
    properties = {"field": source.one([*NAMES, "inner.id", "inner.name", "`a.b`", "list.x", "a.b.", "`open", "inner.`a.b`", "`x`y`.z"])}
    if source.random.random() < 0.6:
        properties["field.syntax.version"] = source.one(["V1", "V2", "v2", "V2", "V3"])
    return sided(source, "ExtractField"), often(source, properties)


def filtered(source):
    """Filter with a predicate, or another transformation that has one."""
    predicate = source.one([("HasHeaderKey", {"name": source.one(["h", "origin", "none", ""])}), ("RecordIsTombstone", {}),
                            ("TopicNameMatches", {"pattern": source.one(["chat", r"p\..*", ".*", "(?i)CHAT", "ch"])})])
    made = {"transforms": "t", "transforms.t.type": PREFIX + "Filter", "transforms.t.predicate": "when",
            "predicates": "when", "predicates.when.type": PREFIX + "predicates." + predicate[0],
            **{f"predicates.when.{key}": text for key, text in predicate[1].items()}}
    if source.random.random() < 0.5:
        made["transforms.t.negate"] = source.one(["true", "false", "TRUE", "yes"])
    return made


UNWRAP = "io.debezium.transforms.ExtractNewRecordState"


def new_record_state(source):
    properties = {}
    modes = ["drop", "tombstone", "rewrite", "rewrite-with-tombstone", "Rewrite", ""]
    for key, texts in {"delete.tombstone.handling.mode": modes, "delete.handling.mode": ["drop", "rewrite", "none"],
                       "drop.tombstones": ["true", "false"], "route.by.field": ["name", "id", "none", ""],
                       "add.fields": ["op", "op,table,lsn", "source.ts_ms:AT, transaction.id", "ts_ms,ts_us,name", "source.none", "id:TX,total_order",
                                      "a:b:c", "op,op", "version:", "none.x", "snapshot"],
                       "add.headers": ["op", "op,source.table", "lsn:POSITION", "txId,source.sequence"], "add.fields.prefix": ["", "x_"],
                       "add.headers.prefix": ["", "h."], "drop.fields.header.name": ["drop"], "drop.fields.from.key": ["true"],
                       "drop.fields.keep.schema.compatible": ["false", "true"], "replace.null.with.default": ["false", "true"]}.items():
        if source.random.random() < 0.35:
            properties[key] = source.one(texts)
    return UNWRAP, properties


def envelope(source):
    """A record of Debezium's, or what comes with them."""
    row = dict(source.structure(), name="p.public.users.Value", optional=True)
    row["fields"] = [field for field in row["fields"] if field["field"] != "name"]
    if source.random.random() < 0.7:
        row["fields"].append({"type": "string", "optional": True, "field": "name"})
    row.pop("default", None)
    text, number = {"type": "string", "optional": False}, {"type": "int64", "optional": True}
    block = {"type": "struct", "optional": False, "name": "io.debezium.connector.postgresql.Source", "version": 1, "field": "source",
             "fields": [dict(text, field="version"), dict(text, field="name"), dict(number, field="ts_ms"),
                        dict(text, field="snapshot", optional=True, default="false"), dict(text, field="table"),
                        dict(text, field="sequence", optional=True), dict(number, field="txId"), dict(number, field="lsn")]}
    transaction = {"type": "struct", "optional": True, "name": "event.block", "version": 1, "field": "transaction",
                   "fields": [dict(text, field="id"), dict(number, field="total_order", optional=False)]}
    schema = {"type": "struct", "optional": False, "name": "p.public.users." + source.one(["Envelope"] * 9 + ["Value"]), "version": 2,
              "fields": [dict(row, field="before"), dict(row, field="after"), block, transaction, dict(text, field="op"),
                         dict(number, field="ts_ms"), dict(number, field="ts_us")]}
    op = source.one(["c", "u", "d", "d", "r", "t"])
    plain = dict(row, optional=False)
    payload = {"before": source.value(plain) if op in "ud" and source.random.random() < 0.9 else None,
               "after": source.value(plain) if op in "cur" else None,
               "source": {"version": "3.0.8.Final", "name": "p", "ts_ms": 1, "snapshot": source.one([None, "true"]), "table": "users",
                          "sequence": source.one([None, "[1]"]), "txId": source.one([None, 7]), "lsn": 2**40},
               "transaction": source.one([None, {"id": "7:9", "total_order": 3}]), "op": op, "ts_ms": 2, "ts_us": source.one([None, 2000])}
    value = None if source.random.random() < 0.15 else json.dumps({"schema": schema, "payload": payload})
    return {"schemas": True, "topic": "p.public.users", "partition": None, "timestamp": None, "key": source.side(True), "value": value,
            "headers": source.one([[], [["drop", "[\"id\", \"flag\"]"]], [["h", "1"]], [["drop", "[\"name\"]"], ["h", "x"]]])}


KINDS = {"ExtractNewRecordState": new_record_state, "ReplaceField": replace_field, "MaskField": mask_field, "InsertField": insert_field, "TimestampConverter": timestamp_converter,
         "TimestampRouter": timestamp_router, "RegexRouter": regex_router, "InsertHeader": insert_header, "HeaderFrom": header_from,
         "DropHeaders": drop_headers, "ValueToKey": value_to_key, "ExtractField": extract_field, "Filter": filtered}


def defined(case):
    """Whether Java says what comes of it: renaming onto another field of a map depends on the order of its hash table."""
    renames = [text for key, text in case["chain"].items() if key.endswith(".renames")]
    return case["schemas"] or not any(":name" in text or ":x" in text for text in renames)


def cases(kind, count, seed):
    """So many, of one transformation each; of several after each other where `kind` is chains."""
    source = Source(f"{kind} {seed}")
    made = 0
    while made < count:
        chain = chained(source) if kind == "chains" else KINDS[kind](source)
        record = envelope(source) if kind == "ExtractNewRecordState" else source.record()
        case = {"chain": chain if isinstance(chain, dict) else source.chain(chain), **record}
        if defined(case):
            made += 1
            yield case


def chained(source):
    """Two to five transformations."""
    kinds = [kind for kind in KINDS if kind not in ("Filter", "ExtractNewRecordState")]
    made = {}
    names = []
    for number in range(source.random.randint(2, 5)):
        name, properties = KINDS[source.one(kinds)](source)
        names.append(f"t{number}")
        made |= {f"transforms.t{number}.type": name, **{f"transforms.t{number}.{key}": text for key, text in properties.items()}}
    return {"transforms": ",".join(names), **made}
