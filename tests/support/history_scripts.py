"""What a history does: everything that follows from its seed alone. What comes of it, true concurrency decides."""

import dataclasses
import json
import os
import random

# What is or was known to be missing. True: histories have it. False: they leave it out, unless TANDEM_HISTORY_GAPS names it
# (separated by commas).
KNOWN_GAPS = {
    # An UPDATE that leaves a TOASTed column out and overwrites a version of another master has to fetch it from the source.
    # Closed where one process knows both masters; a process for each site cannot: there such updates are made only where
    # REPLICA IDENTITY FULL sends the column (NOT_BY_SITES).
    "unchanged_toast": True,
    # A key update and a concurrent write of one of its two keys (or a TRUNCATE). Closed; without it rows are moved only
    # between keys that one master has for itself, and not in histories with TRUNCATE.
    "contended_key_updates": True,
    # Kafka: what a process had applied and not verified is not verified by the next one (decision 0002, new 1): without
    # the gap a history through Kafka has either ends of tandem or deletes.
    "kafka_reverification": False,
    # A secondary unique key and the guarded local deletes that resolve its collisions (R14): such histories are about
    # more keys. Left out as long as what they have found is open.
    "secondary_unique": False,
    # A write that lost to one its own node had seen before it wrote again is not listed when both are carried out in one
    # transaction, or the second one before the first was verified. Listing only: with the gap it is a finding.
    "own_successor": False,
    # A batch that was committed while its answer was lost, and the process lives on: its rows have to be verified all the
    # same (R9). Closed; without it no answers are held back on purpose.
    "lost_answers": True,
    # Not in these histories at all: foreign keys and their audit; a delete that finds no row while an insert of its key is
    # committing (decision 0002, new 3), for which no moment can be chosen from outside.
}

NOT_BY_SITES = {"unchanged_toast"}  # what a process for each site does not do, whatever is asked for

TABLES = {"hot": ("id",), "pairs": ("x", "y"), "wide": ("id",)}
LONG = ("long",)
SCHEMA = """
CREATE SCHEMA IF NOT EXISTS oracle;
CREATE TABLE oracle.done (node text, seq bigint, what text, PRIMARY KEY (node, seq));
CREATE TABLE hot (id integer PRIMARY KEY, node text, seq bigint, v integer, body text{code});
CREATE TABLE pairs (x integer, y text, node text, seq bigint, v integer, long text, PRIMARY KEY (x, y));
ALTER TABLE pairs ALTER long SET STORAGE EXTERNAL, REPLICA IDENTITY FULL;
CREATE TABLE wide (id integer PRIMARY KEY, node text, seq bigint, v integer, long text);
ALTER TABLE wide ALTER long SET STORAGE EXTERNAL;
"""
CODES, CODED = 4, 0.4  # values of the unique column, and how many of the writes of its table give or take (0) one
UNIQUE_SHARE = float(os.environ.get("TANDEM_HISTORY_UNIQUE", "1"))  # of the histories have that gap
LONG_BYTES = 1200  # twice as many digits: beyond what stays in the row
OWN_KEYS = {"a": range(101, 107), "b": range(201, 207)}
FAULTS = ("terminate", "sever", "stall", "freeze", "lock", "kill9", "stop", "crash", "restart")
ENDS_OF_TANDEM = ("kill9", "stop")
SMALL_QUEUE = ("--queue-bytes", "1MiB", "--batch-bytes", "64KiB")
SKEWS = (0, 0, 0, 0.01, -0.01, 0.2, -0.2, 1.0, -1.0, 2.5, -2.5)


def gaps():
    named = [name for name in os.environ.get("TANDEM_HISTORY_GAPS", "").split(",") if name]
    assert set(named) <= set(KNOWN_GAPS), named
    return {name for name, on in KNOWN_GAPS.items() if on or name in named}


def key_of(table, number):
    return (number % 4, f"k{number}") if table == "pairs" else (number,)


@dataclasses.dataclass
class Step:
    """One transaction of an application."""
    statements: list  # [(kind, table, number of the key, more)]
    pause: float  # before it
    rolled_back: bool = False
    undone_from: int = None  # the statements from there on are undone by a savepoint


@dataclasses.dataclass
class Plan:
    seed: int
    kafka: bool
    gaps: set
    keys: int = 12
    writers: int = 8
    steps: int = 30
    pause: float = 0.03
    skew: float = 0.0
    deletes: bool = True
    moves: bool = False
    truncates: int = 0
    arguments: tuple = ()
    sites: bool = False  # a process for each master
    wins: str = None  # --conflict node-wins: that node; none: last update wins
    faults: list = dataclasses.field(default_factory=list)  # [(share of the work after which, name, node, seconds)]

    @property
    def schema(self):
        return SCHEMA.format(code=", code integer UNIQUE" if "secondary_unique" in self.gaps else "")

    def chance(self, *what):
        return random.Random(f"{self.seed}-{'-'.join(map(str, what))}")


def plan(seed, kafka=False, brokers=False):
    """`brokers`: Kafka's may be killed."""
    plan = Plan(seed, kafka, gaps())
    chance = plan.chance("plan")
    plan.keys = chance.choice((3, 6, 12, 12))
    plan.steps, plan.pause = chance.choice(((60, 0.03), (40, 0.06), (100, 0.01), (120, 0.0)))
    plan.skew = chance.choice(SKEWS)
    plan.truncates = chance.choice((0, 0, 0, 1, 3))
    names = [*FAULTS, *(["broker"] if brokers else []), *(["unanswered"] if "lost_answers" in plan.gaps else [])]
    faults = chance.sample(names, chance.choice((0, 1, 2, 3)))
    if kafka and "kafka_reverification" not in plan.gaps and set(faults) & set(ENDS_OF_TANDEM):
        if chance.random() < 0.5:
            plan.deletes = False
        else:
            faults = [name for name in faults if name not in ENDS_OF_TANDEM]
    plan.truncates = plan.truncates if plan.deletes else 0
    plan.moves = plan.deletes and ("contended_key_updates" in plan.gaps or not plan.truncates)
    plan.faults = sorted((chance.uniform(0.05, 0.999), name, chance.choice("ab"), chance.choice((0.0, 0.1, 0.3)))
                         for name in faults)
    plan.sites = kafka and chance.random() < 0.5
    if plan.sites:
        plan.gaps -= NOT_BY_SITES
    if plan.chance("unique").random() >= UNIQUE_SHARE:
        plan.gaps -= {"secondary_unique"}
    if "secondary_unique" in plan.gaps:  # values are in use in many rows, and these live on for a while
        plan.keys, plan.steps, plan.pause = 2 * plan.keys, min(plan.steps, 60), max(plan.pause, 0.03)
    plan.arguments = arguments(chance, kafka)
    if "--queue-bytes" in plan.arguments:  # much is read twice (R10), which takes its time
        plan.steps //= 3
    return plan


def arguments(chance, kafka):
    found = []
    found += chance.choice(((), (), ("--batch-rows", "1"), ("--batch-rows", "7"), ("--batch-delay", "50ms")))
    found += chance.choice(((), ("--peer-sync-commit", "on")))
    found += chance.choice(((), (), (), (), (), SMALL_QUEUE))
    if kafka:
        found += chance.choice(((), ("--topics", "per-table")))
    return tuple(found)


# --- what writers do ------------------------------------------------------------------------------------
def script(plan, node, number):
    """The transactions of one writer."""
    chance = plan.chance("writer", node, number)
    steps = [_step(plan, node, chance) for _ in range(plan.steps)]
    if number == 0:
        for _ in range(plan.truncates):
            if chance.random() < 0.5:  # of three the nodes have some each
                steps.insert(chance.randrange(len(steps)), Step([("truncate", chance.choice(list(TABLES)), None, None)], plan.pause))
    return steps


def _step(plan, node, chance):
    count = chance.choice((1, 1, 1, 2, 3, 5))
    numbers = sorted(chance.sample(range(1, plan.keys + 1), min(count, plan.keys)))
    statements = [_statement(plan, chance.choice(list(TABLES)), number, chance) for number in numbers]
    statements.sort(key=lambda each: each[1:3])  # in one order everywhere: applications do not lock each other out
    if plan.moves and chance.random() < 0.15:
        own = range(1, plan.keys + 1) if "contended_key_updates" in plan.gaps and chance.random() < 0.5 else OWN_KEYS[node]
        come_from, go_to = chance.sample(own, 2)
        statements = [(kind, table, number, more) for table in (chance.choice(list(TABLES)),)
                      for kind, number, more in (("upsert", come_from, None), ("move", come_from, go_to))]
    step = Step(statements, chance.uniform(0, 2 * plan.pause))
    step.rolled_back = chance.random() < 0.08
    if len(statements) > 1 and chance.random() < 0.15:
        step.undone_from = chance.randrange(1, len(statements))
    return step


def _statement(plan, table, number, chance):
    kinds = {"insert": 3, "try_insert": 1, "upsert": 4, "update": 8, "delete": 4 if plan.deletes else 0, "again": 1 if plan.deletes else 0}
    kind = chance.choices(list(kinds), list(kinds.values()))[0]
    if table == "hot" and kind != "delete" and "secondary_unique" in plan.gaps and chance.random() < CODED:
        return kind, table, number, chance.choice((0, 0, 0, *range(1, CODES + 1)))
    if kind == "update" and (table == "pairs" or "unchanged_toast" in plan.gaps):
        kind = chance.choice(("update", "update_but_long"))
    return kind, table, number, None


def long_text(node, seq):
    return random.Random(f"{node}-{seq}").randbytes(LONG_BYTES).hex()


class Statements:
    """A statement of a script as SQL. Each `run` returns what it did: [[kind, table, key, seq] ...] as the WAL must show it."""

    def __init__(self, cursor, node, next_seq):
        self.cursor, self.node, self.next_seq = cursor, node, next_seq

    def run(self, kind, table, number, more):
        keys = TABLES[table]
        if kind == "truncate":
            self.cursor.execute(f"TRUNCATE {table}")
            return [["T", table, None, None]]
        key = key_of(table, number)
        matches = " AND ".join(f"{column} = %s" for column in keys)
        if kind == "delete":
            return self._delete(table, matches, key)
        if kind == "again":  # goes and comes within one transaction
            return self._delete(table, matches, key) + self.run("insert", table, number, more)
        seq = self.next_seq()
        last = "body" if table == "hot" else "long"
        code = None if kind == "move" else more  # 0: none from now on
        text = f"{self.node} {seq}" if table == "hot" else long_text(self.node, seq)
        if kind == "move":
            return self._move(table, matches, key, key_of(table, more), seq, (last, text))
        if kind in ("update", "update_but_long"):
            with_last = f", {last} = %s" if kind == "update" else ""
            with_last += "" if code is None else f", code = nullif({code}, 0)"
            self.cursor.execute(f"UPDATE {table} SET node = %s, seq = %s, v = v + 1{with_last} WHERE {matches}",
                                (self.node, seq, *([text] if kind == "update" else []), *key))
        else:
            names, values, changed = ("", "", "") if code is None else (", code", f", nullif({code}, 0)", ", code = excluded.code")
            conflict = {"insert": " ON CONFLICT DO NOTHING", "try_insert": "",
                        "upsert": f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET node = excluded.node, seq = excluded.seq, "
                                  f"v = {table}.v + 1, {last} = excluded.{last}{changed}"}[kind]
            self.cursor.execute(f"INSERT INTO {table} ({', '.join(keys)}, node, seq, v, {last}{names}) VALUES "
                                f"({', '.join(['%s'] * len(key))}, %s, %s, 0, %s{values}){conflict}", (*key, self.node, seq, text))
        return [["W", table, [str(part) for part in key], seq]] * self.cursor.rowcount

    def _delete(self, table, matches, key):
        self.cursor.execute(f"DELETE FROM {table} WHERE {matches}", key)
        return [["D", table, [str(part) for part in key], None]] * self.cursor.rowcount

    def _move(self, table, matches, key, to, seq, last):
        sets = ", ".join(f"{column} = %s" for column in TABLES[table])
        self.cursor.execute(f"UPDATE {table} SET {sets}, node = %s, seq = %s, {last[0]} = %s WHERE {matches} AND NOT EXISTS "
                            f"(SELECT FROM {table} WHERE {matches})", (*to, self.node, seq, last[1], *key, *to))
        return [["M", table, [str(part) for part in to], seq]] * self.cursor.rowcount

    def note(self, seq, did):
        self.cursor.execute("INSERT INTO oracle.done VALUES (%s, %s, %s)",
                            (self.node, seq, json.dumps({"seq": seq, "what": did})))
