"""Records become rows again: those of real Debezium as far as its modes keep the values, exact ones bit for bit."""

import pytest

from support import debezium, value_cases
from support.came_back import fill, judge, store, stored
from support.debezium_modes import MODES


@pytest.mark.parametrize("mode", MODES)
def test_debezium_feeds_a_database(server, mode, tmp_path):
    theirs_how, ours_how = MODES[mode]
    origin, target = (server.create_database(f"{name}_{mode}") for name in ("origin", "target"))
    origin.sql(debezium.ENDING)
    for database in (origin, target):
        database.sql(value_cases.SCHEMA)
    source = debezium.Source(origin, **theirs_how)
    fill(origin)
    values = [value for topic, _, value in source.end() if value and topic != "p.public.ending"]
    read = debezium.Ours(target, slot=False).decode(values, tmp_path, **ours_how)
    failed = store(target, read)
    sent = {debezium.payload(value)["after"]["id"]: debezium.payload(value)["after"] for value in values}
    wrong, exact, lossy = judge(origin, target, sent, failed, ours_how.get("decimals") == "double")
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong)
    assert exact > 300 and lossy < 40, (exact, lossy)


@pytest.mark.parametrize("schemas", ["false", "true"])
def test_exact_values_come_back_bit_for_bit(server, schemas, tmp_path):
    """Every case of every type, judged by the server."""
    origin, target = (server.create_database(f"{name}_{schemas}") for name in ("exact", "copy"))
    for database in (origin, target):
        database.sql(value_cases.SCHEMA)
    origin.sql("CREATE PUBLICATION everything FOR ALL TABLES")
    ours = debezium.Ours(origin, publication="everything")
    fill(origin)
    made = ours.encode(ours.messages(), tmp_path, values="exact", schemas=schemas)
    read = debezium.Ours(target, slot=False).decode([value for _, _, value in made], tmp_path, values="exact", schemas=schemas)
    assert store(target, read) == {}
    gone_out, came_back = stored(origin), stored(target)
    for number, case in enumerate(value_cases.CASES):
        assert came_back[number] == gone_out[number], case
