"""DDL through Kafka, in either layout: in the order of the stream, whatever the topics are."""

import pytest

from support.ddl_scripts import SCRIPTS
from support.ddl_world import carry_out, check_anew, check_equal, Load, make

CHOSEN = ("add_column_default", "add_column_volatile_default", "rename_column", "change_type", "create_table", "create_table_as", "drop_table",
          "partitioned", "enum", "ddl_and_rows", "truncate_and_alter", "rolled_back")


@pytest.fixture(scope="module", params=["ordered", "per-table"])
def world(servers, kafka, request):
    pair = servers.pair("CREATE TABLE public.first (id integer PRIMARY KEY)")
    pair.instance = pair.run("--ddl", "on", "--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", pair.name,
                             "--topics", request.param, deadline=60)
    yield pair
    pair.close()


@pytest.mark.sampled(10)
@pytest.mark.parametrize("name", CHOSEN)
def test_a_script_ends_equal(world, name):
    more, steps = SCRIPTS[name]
    schema = f"k_{name}"
    make(world, schema, more)
    with Load(world.a, schema, 1), Load(world.b, schema, 2):
        carry_out(world.a, schema, steps)
    check_equal(world, schema)


@pytest.mark.parametrize("name, where", [("table_dropped", "a"), ("table_renamed", "both"), ("column_dropped", "both"), ("column_renamed", "b")])
def test_a_name_that_is_given_to_another_means_what_its_writer_knew(world, name, where):
    check_anew(world, name, where)


def test_a_restart_carries_out_nothing_twice(world):
    make(world, "again")
    for number in range(6):
        world.a.sql(f"ALTER TABLE again.t ADD COLUMN c{number} integer; INSERT INTO again.t (id) VALUES ({number})")
        world.instance.kill9()
        world.instance.start()
    world.instance.wait_streaming(deadline=60)
    check_equal(world, "again")
    assert world.b.value("SELECT count(*) FROM tandem.ddl WHERE node = 'a' AND changes::text LIKE '%again%' AND tag = 'ALTER TABLE'") == 6
