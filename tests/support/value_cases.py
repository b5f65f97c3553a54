"""Values that must travel exactly: (type, name of the value, SQL expression of that type).

TANDEM_TEST_MAJOR chooses the PostgreSQL they are for.
Every type also gets NULL from the test itself. `OPAQUE` types have wire bytes that hold object ids
of their own server, so that only their text is comparable.
"""

import os

from support import value_cases_derived as derived

MAJOR = int(os.environ.get("TANDEM_TEST_MAJOR", 15))

TYPES = """
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy, very', 'quo"te', '日本', '');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN short_text AS varchar(5);
CREATE DOMAIN int_list AS integer[];
CREATE TYPE pair AS (left_part integer, right_part text);
CREATE TYPE nest AS (id bigint, parts pair[], at timestamptz, mood mood, inner_pair pair);
CREATE TYPE float8range AS RANGE (subtype = float8);
CREATE TABLE referenced (id integer PRIMARY KEY);
CREATE SCHEMA "Other Schema";
CREATE TABLE "Other Schema"."Refer""enced" (id integer PRIMARY KEY);
CREATE FUNCTION referenced_function(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
""" + derived.TYPES

# Object ids must differ between the servers, or a test with ids on the wire would pass by luck.
SHIFT_IDS = "CREATE TABLE shift_ids_1 (); CREATE TYPE shift_ids_2 AS (a integer); DROP TABLE shift_ids_1;"

OPAQUE = {
    "mood[]", "positive[]", "pair", "pair[]", "nest", "nest[]", "hstore[]", "float8range[]",
    "float8multirange", "int_list", "citext[]",
    "regclass", "regproc", "regprocedure", "regtype", "regnamespace", "regrole", "regclass[]",
    "regconfig", "regdictionary", "regoperator", "refcursor",
} | derived.OPAQUE

_GROUPS = {
    "boolean": {"true": "true", "false": "false"},
    "smallint": {"min": "'-32768'", "max": "32767", "zero": "0"},
    "integer": {"min": "'-2147483648'", "max": "2147483647", "zero": "0"},
    "bigint": {"min": "'-9223372036854775808'", "max": "9223372036854775807", "zero": "0"},
    "real": {"nan": "'NaN'", "inf": "'Infinity'", "ninf": "'-Infinity'", "nzero": "'-0'",
             "denormal": "'1e-45'", "max": "'3.4028235e38'", "tenth": "0.1", "third": "1.0/3"},
    "double precision": {
        "nan": "'NaN'", "inf": "'Infinity'", "ninf": "'-Infinity'", "nzero": "'-0'",
        "denormal": "'5e-324'", "max": "'1.7976931348623157e308'", "tenth": "0.1::float8",
        "third": "1::float8/3", "digits17": "'0.30000000000000004'"},
    "numeric": {
        "nan": "'NaN'", "inf": "'Infinity'", "ninf": "'-Infinity'", "zero": "0", "scale": "1.5000",
        "zeros": "0.000", "tiny": "('0.' || repeat('0', 16382) || '1')::numeric",
        "digits130000": "('-' || repeat('7', 130000))::numeric",
        "wide": "(repeat('9', 131072) || '.' || repeat('3', 16383))::numeric",
        "e400": "'1e400'", "group": "10000.00010000"},
    "numeric(10,2)": {"max": "99999999.99", "negative": "'-0.01'", "nan": "'NaN'"},
    "numeric(5,0)": {"max": "99999"},
    "money": {"min": "'-92233720368547758.08'", "max": "'92233720368547758.07'", "zero": "0::money"},
    "text": {
        "empty": "''", "null_word": "'null'", "copy_null": r"E'\\N'", "quotes": "'a''b\"c`d'",
        "backslash": r"E'a\\b\\\\n'", "control": r"E'\x01\x1f\x7f\t\r\n'", "braces": "'{a,\"b\",NULL}'",
        "emoji": "'👩‍👩‍👧 🇰🇷'", "combining": "E'e\\u0301 \\u00e9'", "rtl": "'שלום'", "bom": "E'\\ufeff'",
        "noncharacter": "E'\\uffff'", "dollar": "'$1 $$ %s %% :x ?'", "spaces": "'  a  '",
        "korean": "'한국어 이름'", "megabyte": "repeat('0123456789abcdef', 65536)",
        "incompressible": "(SELECT string_agg(md5(g::text), '') FROM generate_series(1, 4000) g)"},
    "varchar(5)": {"full": "'abcde'", "wide": "'日本語五字'", "empty": "''", "blank": "'a   '"},
    "char(5)": {"padded": "'ab'", "empty": "''", "blank": "'     '", "full": "'abcde'"},
    '"char"': {"letter": "'x'", "empty": "''", "digit": "'0'"},
    "name": {"plain": "'name'", "empty": "''", "longest": "repeat('日', 21)::name"},
    "bytea": {
        "empty": "''", "zero": r"'\x00'",
        "all": "(SELECT string_agg(set_byte('\\x00', 0, g), '' ORDER BY g) FROM generate_series(0, 255) g)",
        "escape_like": r"'\x5c303030'", "hex_like": r"'\x5c783030'",
        "large": "decode(repeat('00ff5c27', 200000), 'hex')"},
    "date": {"min": "'4714-11-24 BC'", "max": "'5874897-12-31'", "inf": "'infinity'", "ninf": "'-infinity'",
             "bc": "'0001-12-31 BC'", "ambiguous": "'2005-06-07'", "leap": "'2000-02-29'"},
    "time": {"min": "'00:00:00'", "max": "'24:00:00'", "micro": "'23:59:59.999999'"},
    "time(2)": {"rounded": "'12:34:56.78'"},
    "timetz": {"min": "'00:00:00+15:59:59'", "max": "'24:00:00-15:59:59'", "micro": "'01:02:03.000001+09'",
               "half": "'12:00:00+05:30'"},
    "timestamp": {"min": "'4714-11-24 00:00:00 BC'", "max": "'294276-12-31 23:59:59.999999'",
                  "inf": "'infinity'", "ninf": "'-infinity'", "bc": "'0044-03-15 12:00:00.5 BC'",
                  "ambiguous": "'2005-06-07 08:09:10'", "micro": "'2000-01-01 00:00:00.000001'"},
    "timestamptz": {"min": "'4714-11-24 00:00:00+00 BC'", "max": "'294276-12-31 23:59:59.999999+00'",
                    "inf": "'infinity'", "ninf": "'-infinity'", "bc": "'0044-03-15 12:00:00+00 BC'",
                    "local_mean_time": "'1883-11-18 12:03:57-05'", "ambiguous": "'2005-06-07 08:09:10+09'",
                    "micro": "'1999-12-31 23:59:59.999999+00'", "korea_1900": "'1900-01-01 00:00:00+08:27:52'"},
    "interval": {"zero": "'0'", "min": "'-178000000 years'", "max": "'178000000 years'",
                 "mixed": "'1 year -2 mons +3 days -04:05:06.789'", "negative": "'-00:00:00.000001'",
                 "day_only": "'-1 day'", "month_day": "'-1 month +1 day'", "day_time": "'1 day -1 second'",
                 "hours": "'-2562047788:00:54.775807'", "thirty_days": "'30 days'",
                 "inf": "'infinity'", "ninf": "'-infinity'"},
    "interval day to second(3)": {"rounded": "'2 days 03:04:05.678'"},
    "uuid": {"nil": "'00000000-0000-0000-0000-000000000000'", "max": "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
             "mixed": "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"},
    "json": {"null_value": "'null'", "nul_escape": r"""'{"a":"\u0000"}'""", "duplicate": """'{"a":1,"a":2}'""",
             "blanks": "' { \"a\" :\t1 } '", "surrogate": r"""'"\ud800"'""", "number": "'1e400'",
             "empty_object": "'{}'", "text_null": "'\"null\"'"},
    "jsonb": {"null_value": "'null'", "empty_object": "'{}'", "empty_array": "'[]'",
              "nested": r"""'{"a":[1,2.50,{"b":null}],"ü":"\"\\/\u00e9"}'""", "number": "'1e400'",
              "empty_key": "'{\"\":\"\"}'", "scale": "'1.000'",
              "large": "(SELECT jsonb_object_agg(g::text, repeat('x', 50)) FROM generate_series(1, 3000) g)"},
    "jsonpath": {"plain": "'$.a[*] ? (@.b > 1)'", "strict": "'strict $.\"quo\\\"te\"'"},
    "xml": {"element": "'<a/>'", "fragment": "xml 'text<a/>&lt;<b>x</b>'", "empty": "xml ''",
            "attributes": "xml '<a b=\"1\" c=''2''><!-- c --><![CDATA[<]]></a>'",
            "declared": "xml '<?xml version=\"1.0\" standalone=\"yes\"?><ü>é</ü>'"},
    "inet": {"v4": "'192.168.0.1'", "v4_mask": "'192.168.0.1/24'", "v6": "'::1'", "v6_mask": "'fe80::1/10'",
             "any": "'0.0.0.0/0'", "max": "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'"},
    "cidr": {"v4": "'10.0.0.0/8'", "v6": "'2001:db8::/32'", "host": "'10.1.2.3/32'"},
    "macaddr": {"plain": "'08:00:2b:01:02:03'", "max": "'ff:ff:ff:ff:ff:ff'"},
    "macaddr8": {"plain": "'08:00:2b:01:02:03:04:05'"},
    "bit(1)": {"one": "B'1'", "zero": "B'0'"},
    "bit(11)": {"mixed": "B'10110111010'", "zeros": "B'00000000000'", "low": "B'00000000101'"},
    "varbit": {"empty": "B''", "odd": "B'1011'", "zeros": "B'0000'", "long": "repeat('10', 5000)::varbit"},
    "int4range": {"empty": "'empty'", "open": "'(,)'", "half": "'[3,)'", "canonical": "'(1,5]'"},
    "int8range": {"max": "'[-9223372036854775808,9223372036854775807)'"},
    "numrange": {"exclusive": "'(1.10,2.200)'", "inf": "'[-Infinity,NaN]'", "empty": "'empty'"},
    "daterange": {"inf": "'[-infinity,infinity]'", "bc": "'[0044-03-15 BC,2005-06-07)'"},
    "tsrange": {"plain": "'[2005-06-07 08:09:10,)'"},
    "tstzrange": {"zones": "'[2005-06-07 08:09:10+09,2005-06-07 08:09:10-03)'"},
    "int4multirange": {"empty": "'{}'", "two": "'{[1,3),[5,7)}'", "open": "'{(,3),[5,)}'"},
    "nummultirange": {"two": "'{(1.5,2.50],[3,)}'"},
    "datemultirange": {"two": "'{[2005-06-07,2005-06-09),[2010-01-01,infinity)}'"},
    "tstzmultirange": {"one": "'{[2005-06-07 08:09:10+09,)}'"},
    "float8range": {"plain": "'[0.1,Infinity)'", "empty": "'empty'"},
    "float8multirange": {"two": "'{[0.1,0.2),[1e308,)}'"},
    "point": {"plain": "'(0.1,-2.5)'", "special": "'(NaN,Infinity)'"},
    "line": {"plain": "'{1,-1,0.5}'"}, "lseg": {"plain": "'[(0,0),(1e300,1)]'"},
    "box": {"plain": "'(2,2),(0.1,0.1)'"}, "circle": {"plain": "'<(0.1,2),3>'"},
    "path": {"open": "'[(0,0),(1,1.5)]'", "closed": "'((0,0),(1,1),(2,0))'"},
    "polygon": {"plain": "'((0,0),(1,1),(2,0.3))'"},
    "tsvector": {"empty": "''", "weights": "'''a b'':1A,3B ''quo''''te'':2 plain'", "bare": "'fat cat'"},
    "tsquery": {"empty": "''", "operators": "'(fat & !rat | ''quo''''te'':AB*) <3> cat'"},
    "mood": {"label": "'ok'", "comma": "'happy, very'", "quote": "'quo\"te'", "wide": "'日本'", "empty": "''"},
    "positive": {"one": "1"}, "short_text": {"empty": "''", "wide": "'日本語'"},
    "int_list": {"two": "'{1,NULL}'"},
    "pair": {"plain": "'(1,a)'", "nulls": "'(,)'", "quotes": "ROW(-1, 'a,\"b\"\\(c)')::pair", "empty": "ROW(0, '')::pair"},
    "nest": {"full": "ROW(1, ARRAY[ROW(1,'x,\"y')::pair, NULL, ROW(NULL,'')::pair], '2005-06-07 08:09:10+09', "
                     "'happy, very', ROW(2,'{}')::pair)::nest"},
    "hstore": {"empty": "''", "nulls": "'a=>NULL, b=>\"NULL\", \"\"=>\"\"'", "quotes": "hstore('k\"=>', 'v\\,''')"},
    "citext": {"case": "'MiXed Ü'"},
    "integer[]": {"empty": "'{}'", "nulls": "'{1,NULL,3}'", "bounds": "'[2:4]={1,2,3}'",
                  "negative_bounds": "'[-1:0][3:4]={{1,2},{NULL,4}}'", "cube": "'{{{1},{2}},{{3},{4}}}'"},
    "bigint[]": {"extremes": "'{-9223372036854775808,9223372036854775807}'"},
    "boolean[]": {"mixed": "'{t,f,NULL}'"},
    "double precision[]": {"special": "'{NaN,Infinity,-Infinity,-0,0.1,5e-324}'"},
    "numeric[]": {"special": "'{NaN,1.50,-0.0,1e100}'"},
    "text[]": {"words": "ARRAY['NULL', 'null', '', NULL, ' ', 'a,b', '{x}', '\"', '\\', E'\\n']", "empty": "'{}'"},
    "varchar(5)[]": {"plain": "'{abcde,\"\"}'"}, "char(3)[]": {"padded": "'{a,bc}'"},
    "bytea[]": {"mixed": r"ARRAY['\x00'::bytea, NULL, '', '\x5c22']"},
    "date[]": {"special": "'{infinity,0044-03-15 BC,2005-06-07}'"},
    "timestamptz[]": {"special": "'{infinity,2005-06-07 08:09:10+09,NULL}'"},
    "interval[]": {"special": "'{-1 days,1 year -3 days}'"},
    "uuid[]": {"one": "'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'"},
    "jsonb[]": {"mixed": "ARRAY['{\"a\": \"x,\\\"y\"}'::jsonb, 'null', NULL]"},
    "json[]": {"mixed": "ARRAY['{\"a\":1,\"a\":2}'::json]"},
    "inet[]": {"two": "'{10.0.0.1/8,::1}'"},
    "box[]": {"semicolon": "'{(2,2),(1,1);(4,4),(3,3)}'"},
    "int4range[]": {"mixed": "ARRAY['[1,5)'::int4range, 'empty', NULL]"},
    "float8range[]": {"one": "ARRAY['[0.5,2)'::float8range]"},
    "bit(3)[]": {"two": "'{101,010}'"}, "xml[]": {"two": "ARRAY['<a/>'::xml, NULL]"},
    "tsvector[]": {"two": "ARRAY['''a b'':1A'::tsvector, '']"},
    "mood[]": {"labels": "ARRAY['ok', 'happy, very', NULL, '']::mood[]"},
    "positive[]": {"two": "ARRAY[1, 2]::positive[]"},
    "pair[]": {"mixed": "ARRAY[ROW(1,'a,\"b')::pair, NULL, ROW(NULL,NULL)::pair]"},
    "nest[]": {"one": "ARRAY[ROW(1, NULL, 'infinity', NULL, ROW(2,'x'))::nest]"},
    "hstore[]": {"one": "ARRAY['a=>1'::hstore, NULL]"}, "citext[]": {"one": "ARRAY['Ab'::citext]"},
    "regclass[]": {"one": "ARRAY['referenced'::regclass]"},
    "oid": {"max": "4294967295", "zero": "0"}, "xid": {"max": "'4294967295'"}, "cid": {"max": "'4294967295'"},
    "xid8": {"max": "'18446744073709551615'"}, "tid": {"max": "'(4294967295,65535)'"},
    "pg_lsn": {"max": "'FFFFFFFF/FFFFFFFF'", "zero": "'0/0'"}, "pg_snapshot": {"plain": "'10:20:10,14,15'"},
    "txid_snapshot": {"plain": "'10:20:10,14,15'"}, "int2vector": {"plain": "'1 -2 3'"},
    "oidvector": {"plain": "'1 4294967295'"}, "refcursor": {"plain": "'cur sor'"},
    "aclitem": {"plain": "'postgres=arw/postgres'"},
    "regclass": {"user_table": "'referenced'::regclass", "quoted": "'\"Other Schema\".\"Refer\"\"enced\"'::regclass",
                 "catalog": "'pg_class'::regclass"},
    "regproc": {"user_function": "'referenced_function'::regproc"},
    "regprocedure": {"user_function": "'referenced_function(integer)'::regprocedure"},
    "regtype": {"user_type": "'mood'::regtype", "builtin": "'timestamptz'::regtype"},
    "regnamespace": {"user": "'\"Other Schema\"'::regnamespace"}, "regrole": {"user": "'postgres'::regrole"},
    "regconfig": {"english": "'english'::regconfig"}, "regdictionary": {"simple": "'simple'::regdictionary"},
    "regoperator": {"plus": "'+(integer,integer)'::regoperator"},
}

_GROUPS.update(derived.GROUPS)

KINDS = [kind for kind in _GROUPS if derived.SINCE.get(kind, 0) <= MAJOR]
CASES = [(kind, "null", "NULL") for kind in KINDS] + [
    (kind, name, expression) for kind in KINDS for name, expression in _GROUPS[kind].items()
    if derived.SINCE.get((kind, name), 0) <= MAJOR]


def table_of(kind):
    return f"v{KINDS.index(kind)}"


SCHEMA = TYPES + "".join(
    f"CREATE TABLE {table_of(kind)} (id integer PRIMARY KEY, other integer, v {kind});\n" for kind in KINDS)
