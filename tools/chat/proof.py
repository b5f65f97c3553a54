"""The proof that two masters were kept in sync under the load: every oracle, one verdict.

The judgements are those of tests/support/oracles.py; this gathers what they need from both masters
and from the load's record, and words what they found.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))

from support import oracles  # noqa: E402
from support.oracles_sql import SCHEMA, Watch  # noqa: E402,F401

SHOWN = 5  # findings of one kind that are spelled out


class Verdict:
    """Counts for the closing lines, and every finding in words; good when there is none."""

    def __init__(self):
        self.lost = self.doubled = self.looped = 0
        self.tables = self.rows = self.conflicts = 0
        self.findings = []

    @property
    def good(self):
        return not self.findings

    def blame(self, what, found, word=str):
        """Notes a kind of finding with its first few cases; returns how many there are."""
        found = list(found)
        if found:
            some = "; ".join(word(each) for each in found[:SHOWN])
            more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            self.findings.append(f"{what} ({len(found)}): {some}{more}")
        return len(found)


def equal(watches):
    """Whether all tables hold the same rows on both masters."""
    first, second = watches
    return first.fingerprints() == second.fingerprints()


def judge(load, watches):
    """The verdict on a load that has stopped and whose changes have all been carried over."""
    verdict = Verdict()
    changes = {node.name: node.changes for node in load.nodes}
    ranks = {node.name: node.rank for node in load.nodes}
    times = {}
    for watch in watches:
        times.update(watch.commit_times())
    clock = oracles.Clock(ranks, times)
    losers = set().union(*(watch.losers() for watch in watches))
    visible = {watch.name: watch.visible() for watch in watches}
    seen = {watch.name: watch.versions_seen() for watch in watches}
    wanted, unknown = oracles.expected(changes, clock)

    for node, watch, peer in zip(load.nodes, watches, reversed(watches)):
        _judge_wal(verdict, node, watch)
        _judge_audit(verdict, watch)
        verdict.lost += verdict.blame(
            f"lost between {node.name} and {peer.name}",
            oracles.lost(node.name, node.changes, visible[peer.name], losers, clock), _change)
        verdict.blame(f"overwritten at {peer.name} without a row in tandem.conflict, from "
                      f"{node.name}", oracles.unrecorded(node.name, node.changes, seen[peer.name],
                                                         losers), _change)
        verdict.blame(f"at {watch.name}, rows that no committed write made",
                      oracles.strangers(seen[watch.name] | set(visible[watch.name].values()),
                                        changes), lambda one: f"{one.node}#{one.seq}")
        verdict.blame(f"at {watch.name}, rows not as the last write left them",
                      oracles.misplaced(visible[watch.name], wanted, unknown), _misplaced)
        verdict.conflicts += watch.conflicts()
    _judge_equality(verdict, watches)
    return verdict


def _judge_wal(verdict, node, watch):
    differences = oracles.surplus(watch.read_wal(), node.written)
    more = {kind: count for kind, count in differences.items() if count > 0}
    verdict.looped += sum(more.values())
    verdict.blame(f"in the WAL of {watch.name}, changes without an origin that the load did not "
                  "write", more.items(), lambda one: f"{one[0][0]} {one[0][1]} +{one[1]}")
    verdict.blame(f"in the WAL of {watch.name}, writes of the load that are missing",
                  {kind: count for kind, count in differences.items() if count < 0}.items(),
                  lambda one: f"{one[0][0]} {one[0][1]} {one[1]}")


def _judge_audit(verdict, watch):
    repeated = watch.repeated()
    verdict.doubled += sum(row[-1] - 1 for row in repeated)
    verdict.blame(f"at {watch.name}, changes that took effect more than once", repeated,
                  lambda row: f"{row[1]} {row[2]} {row[3]}#{row[4]} {row[5]} times")
    verdict.looped += verdict.blame(
        f"at {watch.name}, its own changes that came back", watch.echoes(),
        lambda row: f"{row[0]} {row[1]} {watch.name}#{row[2]}")


def _judge_equality(verdict, watches):
    first, second = watches
    prints = first.fingerprints(), second.fingerprints()
    verdict.tables = len(prints[0])
    verdict.rows = sum(rows for rows, _ in prints[0].values())
    for table, one, other in oracles.differing_tables(*prints):
        here, there = first.rows(table), second.rows(table)
        keys = sorted(key for key in here.keys() | there.keys() if here.get(key) != there.get(key))
        verdict.blame(f"{table} differs: {one[0]} rows at {first.name}, {other[0]} at "
                      f"{second.name}", keys, lambda key: f"key {key}")


def _change(change):
    return f"{change.op} {change.table} {change.key} #{change.seq}"


def _misplaced(finding):
    (table, key), shown, wanted = finding
    def word(version):
        return f"{version.node}#{version.seq}" if version else "no row"
    return f"{table} {key} shows {word(shown)}, not {word(wanted)}"
