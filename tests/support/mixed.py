"""Three tables with keys of several kinds, and changes of every kind to them, for the tests of the Kafka transport."""

SCHEMA = """
CREATE TABLE chat (id bigint PRIMARY KEY, room integer, body text, sent timestamptz DEFAULT now(), extra jsonb);
CREATE TABLE whole (id bigint PRIMARY KEY, v numeric, body text);
ALTER TABLE whole REPLICA IDENTITY FULL;
CREATE TABLE parts (a integer, b text, v bytea, PRIMARY KEY (a, b));
"""
MIXED = """
INSERT INTO chat SELECT {base} + i, i % 7, 'text ' || i || E' "quoted" \\\\ back', now(), '{{"n": 1}}' FROM generate_series(1, 300) i;
UPDATE chat SET room = room + 1 WHERE id BETWEEN {base} + 1 AND {base} + 100;
UPDATE chat SET id = id + 500 WHERE id BETWEEN {base} + 11 AND {base} + 20;
DELETE FROM chat WHERE id BETWEEN {base} + 30 AND {base} + 60;
INSERT INTO whole SELECT {base} + i, i / 3.0, NULL FROM generate_series(1, 50) i;
UPDATE whole SET v = NULL, body = repeat('x', 3000) WHERE id BETWEEN {base} + 1 AND {base} + 10;
UPDATE whole SET id = id + 900 WHERE id = {base} + 5;
DELETE FROM whole WHERE id = {base} + 7;
INSERT INTO parts SELECT {base} + i, 'ä' || i, decode(lpad(to_hex(i), 8, '0'), 'hex') FROM generate_series(1, 50) i;
DELETE FROM parts WHERE a = {base} + 3;
"""
