"""What happened to a key, for those who look for the cause of a finding."""

from support.history_oracle import Stage, key_of, short


def timeline(history, table, key):
    """All that happened to a key, on both masters, as text: each in the order of its WAL."""
    stage = Stage(history)
    lines = []
    for node in history.nodes:
        lines.append(f"--- {table} {key} at {node}")
        for each in history.wal[node]:
            for change in each.changes:
                if change.table == table and (change.op == "T" or key in (change.key, change.old)):
                    brought = f" arrives in #{stage.arrival(each)}" if each.local else f" replays {each.applied}"
                    lines.append(f"#{each.number} {'local' if each.local else 'origin'} at {each.at} end {each.end:X}: "
                                 f"{change.op} {change.key} {change.old or ''} {change.tag}{brought}")
        lines += [f"conflict {row['type']} {row['key']} incoming_at {row['incoming_at']} {row['position']} "
                  f"{short({name: str(text) for name, text in (row['incoming'] or {}).items()})}"
                  for row in history.conflicts[node] if row["table_name"] == table and (not row["key"] or key_of(history, row) == key)]
        lines.append(f"row: {short(history.rows[node].get((table, key)))}")
    return "\n".join(lines)
