// How the objects of a database look, as JSON: what DDL of one node is carried to another by (R18). Definitions come from the
// server's own pg_get_...def(), with every name qualified, since search_path is empty here.

#include "codecs/sql/ddl_functions.hpp"

namespace tandem::sql {
namespace {

constexpr char const* create_grants =
    R"(CREATE OR REPLACE FUNCTION tandem.grants(p_acl aclitem[], p_kind "char", p_owner oid)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog AS $body$
SELECT coalesce(jsonb_agg(jsonb_build_array(CASE g.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
                                            g.privilege_type, g.is_grantable) ORDER BY g.grantee, g.privilege_type), '[]')
  FROM aclexplode(coalesce(p_acl, acldefault(p_kind, p_owner))) AS g WHERE g.grantee <> p_owner
$body$)";

// What relations grant on single columns: with the column in the fourth place.
constexpr char const* create_column_grants =
    R"(CREATE OR REPLACE FUNCTION tandem.column_grants(p_relation oid)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog AS $body$
SELECT jsonb_agg(jsonb_build_array(CASE g.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
                                   g.privilege_type, g.is_grantable, a.attname) ORDER BY a.attnum, g.grantee, g.privilege_type)
  FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid CROSS JOIN LATERAL aclexplode(a.attacl) AS g
 WHERE c.oid = p_relation AND a.attnum > 0 AND NOT a.attisdropped AND g.grantee <> c.relowner
$body$)";

constexpr char const* create_column_shapes =
    R"(CREATE OR REPLACE FUNCTION tandem.column_shapes(p_table oid)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog AS $body$
SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
           'oid', a.attnum, 'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
           'collation', (SELECT quote_ident(n.nspname) || '.' || quote_ident(l.collname) FROM pg_collation AS l
                           JOIN pg_namespace AS n ON n.oid = l.collnamespace JOIN pg_type AS t ON t.oid = a.atttypid
                          WHERE l.oid = a.attcollation AND a.attcollation <> t.typcollation),
           'not_null', a.attnotnull, 'default', pg_get_expr(d.adbin, d.adrelid),
           'generated', nullif(a.attgenerated, ''), 'identity', nullif(a.attidentity, ''),
           'sequence', (SELECT jsonb_build_array(s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
                          FROM pg_depend AS p JOIN pg_sequence AS s ON s.seqrelid = p.objid
                         WHERE a.attidentity <> '' AND p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass
                           AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype = 'i'),
           'local', a.attislocal, 'comment', col_description(a.attrelid, a.attnum), 'storage', a.attstorage,
           'statistics', nullif(a.attstattarget, -1), 'compression', nullif(to_jsonb(a) ->> 'attcompression', ''))) ORDER BY a.attnum), '[]')
  FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped
$body$)";

constexpr char const* create_part_shapes =
    R"(CREATE OR REPLACE FUNCTION tandem.part_shapes(p_table oid)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog AS $body$
SELECT jsonb_build_object(
    'constraints', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('oid', c.oid, 'name', c.conname,
            'kind', c.contype, 'def', pg_get_constraintdef(c.oid), 'comment', obj_description(c.oid, 'pg_constraint')))
            ORDER BY c.contype = 'f', c.contype <> 'p', c.oid), '[]')
       FROM pg_constraint AS c WHERE c.conrelid = p_table AND c.contype IN ('c', 'f', 'p', 'u', 'x') AND c.conparentid = 0
        AND c.conislocal),
    'indexes', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('oid', i.indexrelid, 'name', c.relname,
            'def', replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON '), 'comment', obj_description(c.oid, 'pg_class')))
            ORDER BY i.indexrelid), '[]')
       FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
      WHERE i.indrelid = p_table AND (i.indisvalid OR c.relkind = 'I') AND NOT c.relispartition
        AND NOT EXISTS (SELECT FROM pg_constraint AS o WHERE o.conindid = i.indexrelid AND o.contype IN ('p', 'u', 'x')
                           AND o.conrelid = p_table)),
    'triggers', (SELECT coalesce(jsonb_agg(jsonb_build_object('oid', g.oid, 'name', g.tgname, 'def', pg_get_triggerdef(g.oid),
            'enabled', g.tgenabled) ORDER BY g.oid), '[]')
       FROM pg_trigger AS g WHERE g.tgrelid = p_table AND NOT g.tgisinternal
        AND coalesce((to_jsonb(g) ->> 'tgparentid')::oid, 0) = 0 AND g.tgname <> 'zzz_tandem_origin'),
    'policies', (SELECT coalesce(jsonb_agg(jsonb_build_object('oid', l.oid, 'name', l.polname, 'def',
            CASE WHEN l.polpermissive THEN ' AS PERMISSIVE' ELSE ' AS RESTRICTIVE' END
            || CASE l.polcmd WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT' WHEN 'w' THEN ' FOR UPDATE'
                             WHEN 'd' THEN ' FOR DELETE' ELSE ' FOR ALL' END
            || ' TO ' || (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ' ORDER BY r)
                            FROM unnest(l.polroles) AS r)
            || coalesce(' USING (' || pg_get_expr(l.polqual, l.polrelid) || ')', '')
            || coalesce(' WITH CHECK (' || pg_get_expr(l.polwithcheck, l.polrelid) || ')', '')) ORDER BY l.oid), '[]')
       FROM pg_policy AS l WHERE l.polrelid = p_table))
$body$)";

// How an object looks: null where it is none that is carried.
constexpr char const* create_relation_shape =
    R"(CREATE OR REPLACE FUNCTION tandem.relation_shape(p_relation oid)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog AS $body$
SELECT jsonb_strip_nulls(jsonb_build_object(
    'kind', CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' ELSE 'table' END,
    'schema', n.nspname, 'name', c.relname, 'owner', quote_ident(pg_get_userbyid(c.relowner)),
    'comment', obj_description(c.oid, 'pg_class'), 'grants', tandem.grants(c.relacl, (CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", c.relowner),
    'column_grants', tandem.column_grants(c.oid),
    'options', (SELECT jsonb_object_agg(split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)) FROM unnest(c.reloptions) AS o)))
 || CASE
    WHEN c.relkind IN ('r', 'p') THEN jsonb_strip_nulls(jsonb_build_object(
        'unlogged', c.relpersistence = 'u', 'row_security', c.relrowsecurity, 'force_row_security', c.relforcerowsecurity,
        'identity', CASE c.relreplident WHEN 'i' THEN 'i' || coalesce((SELECT ci.relname FROM pg_index AS i JOIN pg_class AS ci
                         ON ci.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisreplident), '') ELSE c.relreplident::text END,
        'partition_by', pg_get_partkeydef(c.oid),
        'bound', pg_get_expr(c.relpartbound, c.oid),
        'parents', (SELECT jsonb_agg(jsonb_build_array(pn.nspname, pc.relname) ORDER BY h.inhseqno) FROM pg_inherits AS h
                      JOIN pg_class AS pc ON pc.oid = h.inhparent JOIN pg_namespace AS pn ON pn.oid = pc.relnamespace
                     WHERE h.inhrelid = c.oid),
        'columns', tandem.column_shapes(c.oid))) || tandem.part_shapes(c.oid)
    WHEN c.relkind IN ('v', 'm') THEN jsonb_build_object('def', pg_get_viewdef(c.oid),
        'columns', (SELECT jsonb_agg(a.attname ORDER BY a.attnum) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0),
        'types', (SELECT jsonb_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) FROM pg_attribute AS a
                   WHERE a.attrelid = c.oid AND a.attnum > 0))
        || tandem.part_shapes(c.oid)
    ELSE (SELECT jsonb_strip_nulls(jsonb_build_object('type', format_type(s.seqtypid, NULL), 'start', s.seqstart, 'increment', s.seqincrement,
            'min', s.seqmin, 'max', s.seqmax, 'cache', s.seqcache, 'cycle', s.seqcycle,
            'owned_by', (SELECT jsonb_build_array(rn.nspname, r.relname, a.attname) FROM pg_depend AS p JOIN pg_class AS r ON r.oid = p.refobjid
                           JOIN pg_namespace AS rn ON rn.oid = r.relnamespace
                           JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = p.refobjsubid
                          WHERE p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass AND p.objid = c.oid
                            AND p.deptype = 'a')))
            FROM pg_sequence AS s WHERE s.seqrelid = c.oid)
    END
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.oid = p_relation AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND c.relpersistence <> 't'
   AND NOT (c.relkind = 'S' AND EXISTS (SELECT FROM pg_depend AS p WHERE p.classid = 'pg_class'::regclass AND p.objid = c.oid
                                           AND p.refclassid = 'pg_class'::regclass AND p.deptype = 'i'))
$body$)";

constexpr char const* create_type_shape =
    R"(CREATE OR REPLACE FUNCTION tandem.type_shape(p_type oid)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog AS $body$
SELECT jsonb_strip_nulls(jsonb_build_object(
    'kind', CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' ELSE 'composite' END,
    'schema', n.nspname, 'name', t.typname, 'owner', quote_ident(pg_get_userbyid(t.typowner)), 'comment', obj_description(t.oid, 'pg_type'),
    'grants', tandem.grants(t.typacl, 'T', t.typowner),
    'labels', (SELECT jsonb_agg(jsonb_build_object('oid', e.oid, 'name', e.enumlabel) ORDER BY e.enumsortorder) FROM pg_enum AS e
                WHERE e.enumtypid = t.oid),
    'columns', CASE WHEN t.typtype = 'c' THEN tandem.column_shapes(t.typrelid) END,
    'base', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
    'default', CASE WHEN t.typtype = 'd' THEN t.typdefault END,
    'not_null', CASE WHEN t.typtype = 'd' THEN t.typnotnull END,
    'constraints', CASE WHEN t.typtype = 'd' THEN (SELECT jsonb_agg(jsonb_build_object('oid', c.oid, 'name', c.conname, 'kind', c.contype,
                       'def', pg_get_constraintdef(c.oid)) ORDER BY c.oid) FROM pg_constraint AS c
                       WHERE c.contypid = t.oid AND c.contype = 'c') END,
    'subtype', (SELECT format_type(r.rngsubtype, NULL) FROM pg_range AS r WHERE r.rngtypid = t.oid)))
  FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
 WHERE t.oid = p_type AND (t.typtype IN ('e', 'd', 'r')
    OR (t.typtype = 'c' AND EXISTS (SELECT FROM pg_class AS c WHERE c.oid = t.typrelid AND c.relkind = 'c')))
$body$)";

constexpr char const* create_shape_of =
    R"(CREATE OR REPLACE FUNCTION tandem.shape_of(p_class oid, p_object oid)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog AS $body$
SELECT CASE p_class
    WHEN 'pg_class'::regclass THEN tandem.relation_shape(p_object)
    WHEN 'pg_type'::regclass THEN tandem.type_shape(p_object)
    WHEN 'pg_namespace'::regclass THEN (
        SELECT jsonb_strip_nulls(jsonb_build_object('kind', 'schema', 'schema', s.nspname, 'name', s.nspname,
                   'owner', quote_ident(pg_get_userbyid(s.nspowner)), 'comment', obj_description(s.oid, 'pg_namespace'),
                   'grants', tandem.grants(s.nspacl, 'n', s.nspowner)))
          FROM pg_namespace AS s WHERE s.oid = p_object)
    WHEN 'pg_proc'::regclass THEN (
        SELECT jsonb_strip_nulls(jsonb_build_object('kind', CASE f.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
                   'schema', n.nspname, 'name', f.proname, 'arguments', pg_get_function_identity_arguments(f.oid),
                   'owner', quote_ident(pg_get_userbyid(f.proowner)), 'comment', obj_description(f.oid, 'pg_proc'),
                   'grants', tandem.grants(f.proacl, 'f', f.proowner), 'result', pg_get_function_result(f.oid),
                   'def', pg_get_functiondef(f.oid)))
          FROM pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace WHERE f.oid = p_object AND f.prokind IN ('f', 'p', 'w'))
    WHEN 'pg_statistic_ext'::regclass THEN (
        SELECT jsonb_build_object('kind', 'statistics', 'schema', n.nspname, 'name', s.stxname, 'def', pg_get_statisticsobjdef(s.oid))
          FROM pg_statistic_ext AS s JOIN pg_namespace AS n ON n.oid = s.stxnamespace WHERE s.oid = p_object)
    END
$body$)";

// The object whose shape tells of this one; none: nobody's.
constexpr char const* create_root_of =
    R"(CREATE OR REPLACE FUNCTION tandem.root_of(p_class oid, p_object oid, OUT class oid, OUT object oid)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $body$
BEGIN
    class := p_class;
    object := p_object;
    IF p_class = 'pg_class'::regclass THEN
        SELECT coalesce((SELECT i.indrelid FROM pg_index AS i WHERE i.indexrelid = c.oid),
                        (SELECT p.refobjid FROM pg_depend AS p WHERE p.classid = 'pg_class'::regclass AND p.objid = c.oid
                            AND p.refclassid = 'pg_class'::regclass AND p.deptype = 'i' AND c.relkind = 'S'), c.oid) INTO object
          FROM pg_class AS c WHERE c.oid = p_object AND c.relkind <> 'c';
        IF object IS NULL THEN
            class := 'pg_type'::regclass;
            object := (SELECT c.reltype FROM pg_class AS c WHERE c.oid = p_object);
        END IF;
    ELSIF p_class = 'pg_type'::regclass THEN
        IF (SELECT c.relkind <> 'c' FROM pg_type AS t JOIN pg_class AS c ON c.oid = t.typrelid WHERE t.oid = p_object) THEN
            class := 'pg_class'::regclass;
            object := (SELECT t.typrelid FROM pg_type AS t WHERE t.oid = p_object);
        END IF;
    ELSIF p_class = 'pg_constraint'::regclass THEN
        SELECT CASE WHEN c.conrelid <> 0 THEN 'pg_class'::regclass ELSE 'pg_type'::regclass END,
               CASE WHEN c.conrelid <> 0 THEN c.conrelid ELSE c.contypid END INTO class, object
          FROM pg_constraint AS c WHERE c.oid = p_object;
    ELSIF p_class IN ('pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_attrdef'::regclass, 'pg_rewrite'::regclass) THEN
        class := 'pg_class'::regclass;
        object := coalesce((SELECT tgrelid FROM pg_trigger WHERE oid = p_object AND p_class = 'pg_trigger'::regclass),
                           (SELECT polrelid FROM pg_policy WHERE oid = p_object AND p_class = 'pg_policy'::regclass),
                           (SELECT adrelid FROM pg_attrdef WHERE oid = p_object AND p_class = 'pg_attrdef'::regclass),
                           (SELECT ev_class FROM pg_rewrite WHERE oid = p_object AND p_class = 'pg_rewrite'::regclass));
    ELSIF p_class NOT IN ('pg_namespace'::regclass, 'pg_proc'::regclass, 'pg_statistic_ext'::regclass) THEN
        class := NULL;
        object := NULL;
    END IF;
END
$body$)";

// Of users: neither ours, nor the server's, nor an extension's.
constexpr char const* create_carried_schema =
    R"(CREATE OR REPLACE FUNCTION tandem.carried_schema(p_schema name) RETURNS boolean LANGUAGE sql IMMUTABLE AS $body$
SELECT p_schema !~ '^pg_' AND p_schema NOT IN ('information_schema', 'tandem')
$body$)";

constexpr char const* create_of_extension =
    R"(CREATE OR REPLACE FUNCTION tandem.of_extension(p_class oid, p_object oid) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog AS $body$
SELECT EXISTS (SELECT FROM pg_depend WHERE classid = p_class AND objid = p_object AND deptype = 'e')
$body$)";

// Every object that is carried, as it looks now.
constexpr char const* create_note_shapes =
    R"(CREATE OR REPLACE FUNCTION tandem.note_shapes() RETURNS bigint LANGUAGE sql SET search_path = pg_catalog AS $body$
WITH objects AS (
    SELECT 'pg_class'::regclass::oid AS class, c.oid, c.relnamespace AS schema FROM pg_class AS c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION ALL SELECT 'pg_type'::regclass, t.oid, t.typnamespace FROM pg_type AS t WHERE t.typtype IN ('e', 'd', 'r', 'c')
    UNION ALL SELECT 'pg_proc'::regclass, f.oid, f.pronamespace FROM pg_proc AS f WHERE f.prokind IN ('f', 'p', 'w')
    UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid, s.stxnamespace FROM pg_statistic_ext AS s
    UNION ALL SELECT 'pg_namespace'::regclass, n.oid, n.oid FROM pg_namespace AS n),
noted AS (
    INSERT INTO tandem.shape SELECT o.class, o.oid, s.shape FROM objects AS o JOIN pg_namespace AS n ON n.oid = o.schema
      CROSS JOIN LATERAL (SELECT tandem.shape_of(o.class, o.oid) AS shape) AS s
     WHERE tandem.carried_schema(n.nspname) AND NOT tandem.of_extension(o.class, o.oid) AND s.shape IS NOT NULL
    ON CONFLICT (class, object) DO UPDATE SET shape = excluded.shape WHERE shape.shape <> excluded.shape RETURNING 1)
SELECT count(*) FROM noted
$body$)";

// The object of that kind and name as it looks.
constexpr char const* create_shape_named =
    R"(CREATE OR REPLACE FUNCTION tandem.shape_named(p_kind text, p_schema text, p_name text, p_arguments text)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog AS $body$
SELECT CASE
    WHEN p_kind IN ('table', 'view', 'materialized view', 'sequence') THEN (
        SELECT tandem.relation_shape(c.oid) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE n.nspname = p_schema AND c.relname = p_name)
    WHEN p_kind IN ('enum', 'domain', 'range', 'composite') THEN (
        SELECT tandem.type_shape(t.oid) FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
         WHERE n.nspname = p_schema AND t.typname = p_name)
    WHEN p_kind IN ('function', 'procedure') THEN (
        SELECT tandem.shape_of('pg_proc'::regclass, f.oid) FROM pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace
         WHERE n.nspname = p_schema AND f.proname = p_name AND pg_get_function_identity_arguments(f.oid) = p_arguments)
    WHEN p_kind = 'schema' THEN (SELECT tandem.shape_of('pg_namespace'::regclass, n.oid) FROM pg_namespace AS n WHERE n.nspname = p_name)
    WHEN p_kind = 'statistics' THEN (
        SELECT tandem.shape_of('pg_statistic_ext'::regclass, s.oid) FROM pg_statistic_ext AS s JOIN pg_namespace AS n ON n.oid = s.stxnamespace
         WHERE n.nspname = p_schema AND s.stxname = p_name)
    END
$body$)";

} // namespace

std::vector<std::string> ddl_shape_statements() {
    return {create_grants,         create_column_grants, create_column_shapes, create_part_shapes,
            create_relation_shape, create_type_shape,    create_shape_of,      create_root_of,
            create_carried_schema, create_of_extension,  create_note_shapes,   create_shape_named};
}

} // namespace tandem::sql
