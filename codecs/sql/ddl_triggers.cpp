// The event triggers that tell a node's stream of its DDL (R17, R18).

#include "codecs/sql/ddl_functions.hpp"

namespace tandem::sql {
namespace {

constexpr int messages_since = 140'000;

// Takes down how these objects look now, puts new tables into the publication, and tells the stream what became of
// what. What a peer's change brings here is taken down and told to nobody.
constexpr char const* create_carry_ddl =
    R"(CREATE OR REPLACE FUNCTION tandem.carry_ddl(p_tag text, p_roots jsonb, p_dropped jsonb)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $body$
DECLARE
    changes jsonb := p_dropped;
    told jsonb;
    root record;
    was jsonb;
    made jsonb;
    more jsonb;
    rewritten jsonb := coalesce(nullif(current_setting('tandem.rewritten', true), ''), '{}')::jsonb;
    asked text := current_query();
    by_using boolean;
    to_touch jsonb := '[]'; -- [table, [column, ...]]; null: all columns
    number bigint;
    applying boolean := pg_replication_origin_session_is_setup() OR coalesce(current_setting('tandem.origin', true), '') <> '';
BEGIN
    FOR root IN
        WITH RECURSIVE named AS (
            SELECT (r.root ->> 0)::oid AS class, (r.root ->> 1)::oid AS object, r.place
              FROM jsonb_array_elements(p_roots) WITH ORDINALITY AS r(root, place)),
        reached AS (
            SELECT class, object, place, 0 AS depth FROM named
            UNION SELECT 'pg_class'::regclass::oid, h.inhrelid, t.place, t.depth + 1 FROM reached AS t
              JOIN pg_inherits AS h ON h.inhparent = t.object WHERE t.class = 'pg_class'::regclass),
        parted AS (
            SELECT s.class, s.object, n.place, 1 AS depth FROM named AS n JOIN pg_class AS c ON c.oid = n.object
              AND n.class = 'pg_class'::regclass JOIN pg_namespace AS cn ON cn.oid = c.relnamespace
              JOIN tandem.shape AS s ON s.shape -> 'parents' @> jsonb_build_array(jsonb_build_array(cn.nspname, c.relname)))
        SELECT class, object FROM (SELECT * FROM reached UNION ALL SELECT * FROM parted) AS every
         GROUP BY class, object ORDER BY min(place), min(depth), object
    LOOP
        made := tandem.shape_of(root.class, root.object);
        CONTINUE WHEN made IS NULL OR NOT tandem.carried_schema((made ->> 'schema')::name)
                   OR tandem.of_extension(root.class, root.object);
        was := (SELECT s.shape FROM tandem.shape AS s WHERE s.class = root.class AND s.object = root.object);
        more := '{}';
        IF made ->> 'kind' = 'table' THEN
            more := tandem.publish_new(root.object);
        END IF;
        IF rewritten ? root.object::text THEN
            more := more || jsonb_build_object('rewritten', rewritten -> root.object::text, 'by_using',
                asked !~* '\malter\s+table\M' OR asked ~* '\musing\M');
        END IF;
        -- A default that was found once for all rows that were there.
        more := more || jsonb_strip_nulls(jsonb_build_object('first', (
            SELECT jsonb_object_agg(a.attname, (a.attmissingval::text::text[])[1]) FROM pg_attribute AS a JOIN pg_attrdef AS d ON d.adrelid = a.attrelid
               AND d.adnum = a.attnum WHERE a.attrelid = root.object AND made ->> 'kind' = 'table' AND a.atthasmissing AND a.attnum > 0
               AND NOT a.attisdropped AND d.adbin::text NOT LIKE '{CONST %' AND NOT EXISTS (
                   SELECT FROM jsonb_array_elements(was -> 'columns') AS o WHERE (o ->> 'oid')::integer = a.attnum))));
        by_using := (more ->> 'rewritten')::integer & 4 <> 0 AND (more ->> 'by_using')::boolean;
        IF by_using AND NOT applying THEN
            PERFORM tandem.next_form();
        END IF;
        -- USING that keeps the types sets rows as an UPDATE does.
        IF rewritten ? root.object::text AND NOT (by_using AND NOT applying AND tandem.types_kept(was, made)) THEN
            DELETE FROM tandem.rewriter AS w WHERE w.at < now() - interval '1 day';
            EXECUTE format('INSERT INTO tandem.rewriter (transaction, relation, again) SELECT xmin::text::bigint, %s, %L FROM ONLY %s LIMIT 1',
                root.object, CASE WHEN applying AND tandem.rows_moved(was, made, jsonb_build_object('rewritten', rewritten -> root.object::text,
                'by_using', coalesce(current_setting('tandem.by_using', true), '') <> 'no')) THEN 'rewritten' END, root.object::regclass);
        END IF;
        CONTINUE WHEN made = was AND more = '{}';
        -- What the peer is sent of a generated column is nothing.
        IF EXISTS (SELECT FROM jsonb_array_elements(was -> 'columns') AS o JOIN jsonb_array_elements(made -> 'columns') AS c
                ON o -> 'oid' = c -> 'oid' WHERE o ? 'generated' AND NOT c ? 'generated') THEN
            INSERT INTO tandem.rewriter (transaction, relation, again) VALUES (0, root.object, 'recent');
        END IF;
        IF NOT applying AND (more ? 'filled' OR tandem.rows_moved(was, made, more)) THEN
            to_touch := to_touch || jsonb_build_array(jsonb_build_array(root.object::bigint, CASE WHEN NOT more ? 'filled' THEN (
                SELECT jsonb_agg(c -> 'name') FROM jsonb_array_elements(made -> 'columns') AS c WHERE NOT EXISTS (
                    SELECT FROM jsonb_array_elements(was -> 'columns') AS o WHERE o -> 'oid' = c -> 'oid' AND o -> 'type' = c -> 'type')) END));
        END IF;
        IF tandem.is_synced(made) THEN
            changes := changes || jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('before', was, 'after', made)) || more);
        END IF;
        IF tandem.set_apart(root.object, was, made) THEN -- each node by itself: the others are told of what was asked for
            made := tandem.shape_of(root.class, root.object);
        END IF;
        INSERT INTO tandem.shape VALUES (root.class, root.object, made)
            ON CONFLICT (class, object) DO UPDATE SET shape = excluded.shape;
        -- Columns of a type that has another name now: here and there alike.
        IF root.class = 'pg_type'::regclass AND (was -> 'schema', was -> 'name') <> (made -> 'schema', made -> 'name') THEN
            UPDATE tandem.shape AS s SET shape = tandem.shape_of(s.class, s.object) WHERE s.class = 'pg_class'::regclass AND s.object IN (
                SELECT a.attrelid FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = root.object AND a.atttypid IN (t.oid, t.typarray)
                 WHERE NOT a.attisdropped);
        END IF;
        -- Definitions of others name tables and columns.
        IF made ->> 'kind' = 'table' AND (tandem.takes_names(jsonb_build_array(jsonb_build_object('before', was, 'after', made)))) THEN
            UPDATE tandem.shape AS s SET shape = n.now FROM (
                SELECT o.class, o.object, tandem.shape_of(o.class, o.object) AS now FROM tandem.shape AS o
                 WHERE o.class = 'pg_class'::regclass AND o.object <> root.object AND o.object IN (
                    SELECT r.ev_class FROM pg_depend AS d JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                     WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = root.object
                    UNION SELECT k.conrelid FROM pg_constraint AS k WHERE k.confrelid = root.object)) AS n
             WHERE s.class = n.class AND s.object = n.object AND n.now IS NOT NULL;
        END IF;
        -- Definitions name the schema.
        IF root.class = 'pg_namespace'::regclass AND was ->> 'name' <> made ->> 'name' THEN
            UPDATE tandem.shape AS s SET shape = n.now FROM (
                SELECT o.class, o.object, tandem.shape_of(o.class, o.object) AS now FROM tandem.shape AS o
                 WHERE o.shape ->> 'schema' = was ->> 'name' AND o.class <> root.class) AS n
             WHERE s.class = n.class AND s.object = n.object AND n.now IS NOT NULL;
        END IF;
    END LOOP;
    IF changes <> '[]' AND applying THEN -- for the log, see note_ddl()
        PERFORM set_config('tandem.carried', (coalesce(nullif(current_setting('tandem.carried', true), ''), '[]')::jsonb || changes)::text, true);
    END IF;
    IF changes = '[]' OR applying THEN
        RETURN;
    END IF;
    number := nextval(pg_get_serial_sequence('tandem.ddl', 'id'));
    told := jsonb_build_object('version', 1, 'id', number, 'tag', p_tag, 'concurrently', p_tag LIKE '% INDEX' AND asked ~* '\mconcurrently\M',
                               'changes', changes);
    INSERT INTO tandem.ddl (id, tag, changes, ended, seen_at) VALUES (number, p_tag, told, 'sent', NULL);
    PERFORM tandem.tell(told);
    IF tandem.takes_names(changes) THEN
        PERFORM tandem.next_form();
    END IF;
    -- What the rows have otherwise is theirs already, or newer there.
    PERFORM tandem.tell(jsonb_build_object('version', 1, 'tag', 'TOUCH', 'schema', n.nspname, 'table', c.relname, 'columns', each -> 1)),
            tandem.touch((each ->> 0)::oid, 'true'), tandem.tell('{"version": 1, "tag": "TOUCH"}')
       FROM jsonb_array_elements(to_touch) AS each JOIN pg_class AS c ON c.oid = (each ->> 0)::oid
       JOIN pg_namespace AS n ON n.oid = c.relnamespace;
END
$body$)";

// Anybody may emit a message: ours bear what only the owner of schema tandem can read.
constexpr char const* create_tell_by_message =
    R"(CREATE OR REPLACE FUNCTION tandem.tell(p_what jsonb) RETURNS void LANGUAGE sql SET search_path = pg_catalog AS $body$
SELECT pg_logical_emit_message(true, 'tandem.ddl', m.ddl_token || p_what::text) FROM tandem.meta AS m
$body$)";

// Before PostgreSQL 14 streams of rows carry rows alone. One that is deleted at once has been in the stream all the same.
constexpr char const* create_queue =
    "CREATE TABLE IF NOT EXISTS tandem.ddl_queue (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, told text NOT NULL)";
constexpr char const* publish_queue =
    "DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid WHERE "
    "p.pubname = 'tandem' AND r.prrelid = 'tandem.ddl_queue'::regclass) THEN ALTER PUBLICATION tandem ADD TABLE "
    "tandem.ddl_queue; END IF; END $do$";
constexpr char const* create_tell_by_row =
    R"(CREATE OR REPLACE FUNCTION tandem.tell(p_what jsonb) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $body$
DECLARE
    number bigint;
BEGIN
    INSERT INTO tandem.ddl_queue (told) SELECT m.ddl_token || p_what::text FROM tandem.meta AS m RETURNING id INTO number;
    DELETE FROM tandem.ddl_queue WHERE id = number;
END
$body$)";

// New sequences count in this node's own steps where `init --ids stride` was said (R18). True: it did something.
constexpr char const* create_set_apart =
    R"(CREATE OR REPLACE FUNCTION tandem.set_apart(p_relation oid, p_was jsonb, p_made jsonb) RETURNS boolean LANGUAGE plpgsql
SET search_path = pg_catalog AS $body$
DECLARE
    places bigint;
    place bigint;
    of record;
    step numeric;
    used bigint;
    first numeric;
    done boolean := false;
BEGIN
    SELECT m.id_places, m.id_place INTO places, place FROM tandem.meta AS m;
    IF places IS NULL OR place IS NULL OR p_made ->> 'kind' NOT IN ('sequence', 'table') THEN
        RETURN false;
    END IF;
    FOR of IN SELECT s.*, s.seqrelid::regclass::text AS name FROM pg_sequence AS s
               WHERE s.seqincrement > 0 AND NOT s.seqcycle AND (
                   (s.seqrelid = p_relation AND p_was IS NULL)
                   OR s.seqrelid IN (SELECT d.objid FROM pg_depend AS d JOIN jsonb_array_elements(p_made -> 'columns') AS c
                         ON (c ->> 'oid')::integer = d.refobjsubid
                      WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = p_relation
                        AND d.deptype = 'i' AND c ? 'identity' AND NOT EXISTS (
                            SELECT FROM jsonb_array_elements(p_was -> 'columns') AS o WHERE o -> 'oid' = c -> 'oid' AND o ? 'identity')))
    LOOP
        EXECUTE format('SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM %s', of.name) INTO used;
        step := of.seqincrement::numeric * places;
        first := (div(greatest(used, 0), step) + 1) * step + of.seqincrement::numeric * place;
        IF first > of.seqmax THEN
            RAISE WARNING 'sequence % has no room for a place of its own on each node: its numbers can meet', of.name;
            CONTINUE;
        END IF;
        EXECUTE format('ALTER SEQUENCE %s INCREMENT BY %s START WITH %s RESTART', of.name, step, first);
        done := true;
    END LOOP;
    RETURN done;
END
$body$)";

// Statements that carry out a peer's changes name these types. One that was prepared for what USING has changed since, or for a
// table or column that another has the name of now, finds one under another name, and is prepared anew: also one that waits
// for the table's lock meanwhile. There are several, so that whoever alters one table does not wait for who alters another.
constexpr char const* create_form =
    "DO $do$ BEGIN FOR place IN 0 .. 3 LOOP IF (SELECT count(*) FROM pg_catalog.pg_type WHERE typnamespace = "
    "'tandem'::regnamespace AND typname LIKE 'form\\_%' AND typtype = 'e') < 4 THEN EXECUTE pg_catalog.format('CREATE TYPE "
    "tandem.%I AS ENUM ()', 'form_' || place || '_' || pg_catalog.md5(pg_catalog.random()::text)); END IF; END LOOP; END $do$";
constexpr char const* create_next_form =
    R"(CREATE OR REPLACE FUNCTION tandem.next_form() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $body$
DECLARE
    forms oid[] := (SELECT array_agg(oid ORDER BY oid) FROM pg_type
                     WHERE typnamespace = 'tandem'::regnamespace AND typname LIKE 'form\_%' AND typtype = 'e');
    it oid;
BEGIN
    FOREACH it IN ARRAY forms LOOP
        EXIT WHEN pg_try_advisory_xact_lock('pg_type'::regclass::oid::integer, it::integer);
        IF it = forms[cardinality(forms)] THEN
            PERFORM pg_advisory_xact_lock('pg_type'::regclass::oid::integer, it::integer); -- its name may be another one behind that
        END IF;
    END LOOP;
    EXECUTE format('ALTER TYPE %s RENAME TO %I', it::regtype, 'form_' || txid_current() || '_' || md5(random()::text));
END
$body$)";

// Whether a table's name, or a column's, may belong to another one from now on.
constexpr char const* create_takes_names =
    R"(CREATE OR REPLACE FUNCTION tandem.takes_names(p_changes jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog AS $body$
SELECT EXISTS (
    SELECT FROM jsonb_array_elements(p_changes) AS c WHERE c -> 'before' ->> 'kind' IN ('table', 'schema') AND (
        coalesce(c -> 'after', 'null') = 'null'
        OR (c -> 'after' -> 'schema', c -> 'after' -> 'name') <> (c -> 'before' -> 'schema', c -> 'before' -> 'name')
        OR EXISTS (SELECT FROM jsonb_array_elements(c -> 'before' -> 'columns') AS o WHERE NOT EXISTS (
               SELECT FROM jsonb_array_elements(c -> 'after' -> 'columns') AS n WHERE n -> 'oid' = o -> 'oid' AND n -> 'name' = o -> 'name'))))
$body$)";

// Whether no column has got another type.
constexpr char const* create_types_kept =
    R"(CREATE OR REPLACE FUNCTION tandem.types_kept(p_was jsonb, p_made jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog AS $body$
SELECT NOT EXISTS (SELECT FROM jsonb_array_elements(p_made -> 'columns') AS c JOIN jsonb_array_elements(p_was -> 'columns') AS o
                     ON o -> 'oid' = c -> 'oid' WHERE o -> 'type' <> c -> 'type')
$body$)";

// Whether the command gave rows values that nobody else can find: by a default that differs from row to row, or by USING.
constexpr char const* create_rows_moved =
    R"(CREATE OR REPLACE FUNCTION tandem.rows_moved(p_was jsonb, p_made jsonb, p_more jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog AS $body$
SELECT ((p_more ->> 'rewritten')::integer & 2 <> 0 AND EXISTS (
            SELECT FROM jsonb_array_elements(p_made -> 'columns') AS c
             WHERE NOT c ? 'generated' AND (c ? 'default' OR c ? 'identity')
               AND NOT EXISTS (SELECT FROM jsonb_array_elements(p_was -> 'columns') AS o WHERE o -> 'oid' = c -> 'oid')))
    OR ((p_more ->> 'rewritten')::integer & 4 <> 0 AND (p_more ->> 'by_using')::boolean)
$body$)";

// Whether --tables and --exclude mean it: a table by its name, other objects where some table of their schema may be.
constexpr char const* create_is_synced =
    R"(CREATE OR REPLACE FUNCTION tandem.is_synced(p_object jsonb) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog AS $body$
SELECT ((jsonb_typeof(m.joining -> 'tables') = 'array') IS NOT TRUE OR EXISTS (
            SELECT FROM jsonb_array_elements((m.joining -> 'tables') || coalesce(m.joining -> 'parts', '[]')) AS w
             WHERE p_object ->> 'schema' ~ (w ->> 0) AND (p_object ->> 'kind' <> 'table' OR p_object ->> 'name' ~ (w ->> 1))))
   AND NOT EXISTS (SELECT FROM jsonb_array_elements(m.joining -> 'but') AS w
                    WHERE p_object ->> 'schema' ~ (w ->> 0) AND p_object ->> 'name' ~ (w ->> 1))
  FROM tandem.meta AS m
$body$)";

// Every row of a published table goes into the stream as it is.
constexpr char const* create_touch =
    R"(CREATE OR REPLACE FUNCTION tandem.touch(p_table oid, p_which text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $body$
DECLARE
    role text := current_setting('session_replication_role');
    name text := (SELECT quote_ident(a.attname) FROM pg_attribute AS a WHERE a.attrelid = p_table AND a.attnum > 0
                     AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a' ORDER BY a.attnum LIMIT 1);
BEGIN
    IF NOT EXISTS (SELECT FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid
                    WHERE p.pubname = 'tandem' AND r.prrelid = p_table) THEN
        RETURN;
    END IF;
    IF name IS NULL THEN
        RAISE WARNING 'the rows of % are not sent: it has no column that can be set', p_table::regclass;
        RETURN;
    END IF;
    PERFORM set_config('session_replication_role', 'replica', true); -- users' triggers are silent
    EXECUTE format('UPDATE ONLY %s SET %s = %2$s WHERE %s', p_table::regclass, name, p_which);
    PERFORM set_config('session_replication_role', role, true);
END
$body$)";

// What was carried out here of another node's DDL can have given rows that it does not know yet other values than it finds
// itself: they are sent. Outside the applier's transaction, on a session without origin.
constexpr char const* create_send_again =
    R"(CREATE OR REPLACE FUNCTION tandem.send_again() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $body$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT w.ctid, w.* FROM tandem.rewriter AS w WHERE w.again IS NOT NULL FOR UPDATE SKIP LOCKED LOOP
        IF EXISTS (SELECT FROM pg_class WHERE oid = one.relation) THEN
            PERFORM tandem.touch(one.relation, CASE one.again WHEN 'rewritten' THEN format('xmin::text = %L', one.transaction) WHEN 'all' THEN 'true'
                ELSE format('(pg_xact_commit_timestamp_origin(xmin)).roident = 0 AND pg_xact_commit_timestamp(xmin) > %L', one.at - interval '10 min') END);
        END IF;
        UPDATE tandem.rewriter SET again = NULL WHERE ctid = one.ctid;
    END LOOP;
END
$body$)";

// A table that nobody has published yet and that is to be: what there is to say of it.
constexpr char const* create_publish_new =
    R"(CREATE OR REPLACE FUNCTION tandem.publish_new(p_table oid) RETURNS jsonb LANGUAGE plpgsql
SET search_path = pg_catalog AS $body$
DECLARE
    it record;
    filled boolean;
BEGIN
    SELECT c.relkind, c.relpersistence, n.nspname, c.relname,
           c.relreplident = 'i' OR EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary) AS keyed
      INTO it FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = p_table;
    IF it.relkind <> 'r' OR it.relpersistence <> 'p' OR NOT it.keyed
       OR NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'tandem')
       OR EXISTS (SELECT FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid
                   WHERE p.pubname = 'tandem' AND r.prrelid = p_table)
       OR NOT EXISTS (SELECT FROM tandem.meta AS m WHERE (jsonb_typeof(m.joining -> 'tables') = 'array') IS NOT TRUE OR EXISTS (
               SELECT FROM jsonb_array_elements(m.joining -> 'tables') AS w WHERE it.nspname ~ (w ->> 0) AND it.relname ~ (w ->> 1)))
       OR EXISTS (SELECT FROM tandem.meta AS m CROSS JOIN LATERAL jsonb_array_elements(m.joining -> 'but') AS w
                   WHERE it.nspname ~ (w ->> 0) AND it.relname ~ (w ->> 1)) THEN
        RETURN '{}';
    END IF;
    EXECUTE format('ALTER PUBLICATION tandem ADD TABLE ONLY %I.%I', it.nspname, it.relname);
    EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %I.%I)', it.nspname, it.relname) INTO filled;
    RETURN CASE WHEN filled THEN '{"joined": true, "filled": true}' ELSE '{"joined": true}' END::jsonb;
END
$body$)";

constexpr char const* create_on_ddl =
    // As appliers have it, whatever the session has set: shapes are compared as text.
    R"(CREATE OR REPLACE FUNCTION tandem.on_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog SET DateStyle = 'ISO, YMD' SET IntervalStyle = 'postgres' SET TimeZone = 'UTC' SET extra_float_digits = 3
SET bytea_output = 'hex' SET xmloption = 'content' SET lc_monetary = 'C' SET standard_conforming_strings = on
SET quote_all_identifiers = off SET array_nulls = on SET transform_null_equals = off AS $body$
DECLARE
    roots jsonb;
    dropped jsonb := '[]';
BEGIN
    IF coalesce(current_setting('tandem.inside_ddl', true), '') = 'on' THEN
        RETURN;
    END IF;
    PERFORM set_config('tandem.inside_ddl', 'on', true);
    IF TG_EVENT = 'sql_drop' THEN
        WITH gone AS (SELECT o.classid, o.objid, o.objsubid, row_number() OVER () AS place
                        FROM pg_event_trigger_dropped_objects() AS o WHERE NOT o.is_temporary),
        known AS (DELETE FROM tandem.shape AS s USING gone AS g WHERE s.class = g.classid AND s.object = g.objid AND g.objsubid = 0
                  RETURNING s.shape, g.place)
        SELECT coalesce(jsonb_agg(jsonb_build_object('before', shape) ORDER BY place), '[]') INTO dropped FROM known
         WHERE tandem.is_synced(shape);
        SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_array(s.class::bigint, s.object::bigint)), '[]') INTO roots
          FROM pg_event_trigger_dropped_objects() AS o JOIN tandem.shape AS s
            ON (o.objsubid <> 0 AND s.class = o.classid AND s.object = o.objid)
            OR (o.objsubid = 0 AND o.classid IN ('pg_class'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass)
                AND s.shape ? 'indexes'
                AND (s.shape -> 'indexes' @> jsonb_build_array(jsonb_build_object('oid', o.objid))
                     OR s.shape -> 'constraints' @> jsonb_build_array(jsonb_build_object('oid', o.objid))
                     OR s.shape -> 'triggers' @> jsonb_build_array(jsonb_build_object('oid', o.objid))
                     OR s.shape -> 'policies' @> jsonb_build_array(jsonb_build_object('oid', o.objid))))
         WHERE NOT o.is_temporary;
    ELSIF TG_TAG IN ('GRANT', 'REVOKE') THEN
        SELECT coalesce(jsonb_agg(jsonb_build_array(s.class::bigint, s.object::bigint)), '[]') INTO roots FROM tandem.shape AS s
         WHERE s.shape -> 'grants' IS DISTINCT FROM coalesce(
            (SELECT tandem.grants(c.relacl, (CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", c.relowner) FROM pg_class AS c
              WHERE s.class = 'pg_class'::regclass AND c.oid = s.object),
            (SELECT tandem.grants(f.proacl, 'f', f.proowner) FROM pg_proc AS f WHERE s.class = 'pg_proc'::regclass AND f.oid = s.object),
            (SELECT tandem.grants(n.nspacl, 'n', n.nspowner) FROM pg_namespace AS n WHERE s.class = 'pg_namespace'::regclass AND n.oid = s.object),
            (SELECT tandem.grants(t.typacl, 'T', t.typowner) FROM pg_type AS t WHERE s.class = 'pg_type'::regclass AND t.oid = s.object),
            s.shape -> 'grants')
            OR (s.class = 'pg_class'::regclass AND s.shape -> 'column_grants' IS DISTINCT FROM tandem.column_grants(s.object));
    ELSE
        SELECT coalesce(jsonb_agg(jsonb_build_array(r.class::bigint, r.object::bigint) ORDER BY c.place), '[]') INTO roots
          FROM (SELECT *, row_number() OVER () AS place FROM pg_event_trigger_ddl_commands()) AS c
          CROSS JOIN LATERAL tandem.root_of(c.classid, c.objid) AS r
         WHERE r.object IS NOT NULL AND NOT c.in_extension;
    END IF;
    PERFORM tandem.carry_ddl(TG_TAG, roots, dropped);
    IF TG_EVENT = 'ddl_command_end' THEN
        PERFORM set_config('tandem.rewritten', '', true);
    END IF;
    PERFORM set_config('tandem.inside_ddl', '', true);
END
$body$)";

constexpr char const* create_on_rewrite =
    R"(CREATE OR REPLACE FUNCTION tandem.on_rewrite() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $body$
BEGIN
    PERFORM set_config('tandem.rewritten', (coalesce(nullif(current_setting('tandem.rewritten', true), ''), '{}')::jsonb
        || jsonb_build_object(pg_event_trigger_table_rewrite_oid()::text, pg_event_trigger_table_rewrite_reason()))::text, true);
END
$body$)";

} // namespace

std::vector<std::string> ddl_tell_statements(int server_version) {
    std::vector<std::string> made;
    if (server_version >= messages_since) {
        made.emplace_back(create_tell_by_message);
    } else {
        made.emplace_back(create_queue);
        made.emplace_back(publish_queue);
        made.emplace_back(create_tell_by_row);
    }
    made.emplace_back(
        "UPDATE tandem.meta SET ddl_token = coalesce(ddl_token, md5(random()::text || clock_timestamp()::text || "
        "txid_current()::text))");
    return made;
}

std::vector<std::string> ddl_trigger_functions(int server_version) {
    std::vector<std::string> made{create_form,        create_next_form,   create_types_kept,
                                  create_takes_names, create_is_synced,   create_carry_ddl,
                                  create_rows_moved,  create_touch,       create_send_again,
                                  create_set_apart,   create_publish_new, create_on_ddl,
                                  create_on_rewrite};
    auto const tell = ddl_tell_statements(server_version);
    made.insert(made.end(), tell.begin(), tell.end());
    return made;
}

std::vector<std::string> ddl_trigger_statements(int server_version) {
    auto made = ddl_trigger_functions(server_version);
    made.insert(
        made.end(),
        {"CREATE EVENT TRIGGER tandem_ddl ON ddl_command_end EXECUTE FUNCTION tandem.on_ddl()",
         "CREATE EVENT TRIGGER tandem_drop ON sql_drop EXECUTE FUNCTION tandem.on_ddl()",
         "CREATE EVENT TRIGGER tandem_rewrite ON table_rewrite EXECUTE FUNCTION tandem.on_rewrite()",
         // Also of what an applier carries out: it is taken down and told to nobody.
         "ALTER EVENT TRIGGER tandem_ddl ENABLE ALWAYS",
         "ALTER EVENT TRIGGER tandem_drop ENABLE ALWAYS",
         "ALTER EVENT TRIGGER tandem_rewrite ENABLE ALWAYS", "SELECT tandem.note_shapes()"});
    return made;
}

std::vector<std::string> drop_ddl_trigger_statements() {
    return {"DROP EVENT TRIGGER IF EXISTS tandem_ddl", "DROP EVENT TRIGGER IF EXISTS tandem_drop",
            "DROP EVENT TRIGGER IF EXISTS tandem_rewrite", "DROP TABLE IF EXISTS tandem.ddl_queue"};
}

} // namespace tandem::sql
