"""Values of types made from others (arrays, domains, ranges, modifiers) and of extensions; see value_cases.py."""

TYPES = """
CREATE EXTENSION ltree;
CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");
CREATE DOMAIN pair_domain AS pair;
CREATE DOMAIN domain_of_domain AS short_text CHECK (VALUE <> 'no');
CREATE DOMAIN span AS int4range;
CREATE DOMAIN amount AS numeric(12,4) DEFAULT 0;
CREATE TYPE holder AS (span int4range, amount amount, tags hstore, path ltree, raw bytea, "quoted "" name" text);
-- PostGIS's and pgvector's types as what they are to us: base types with a text form of their own.
CREATE TYPE geometry;
CREATE FUNCTION geometry_in(cstring) RETURNS geometry LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION geometry_out(geometry) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE geometry (INPUT = geometry_in, OUTPUT = geometry_out, LIKE = text, DELIMITER = ':');
CREATE TYPE vector;
CREATE FUNCTION vector_in(cstring) RETURNS vector LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION vector_out(vector) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE vector (INPUT = vector_in, OUTPUT = vector_out, LIKE = text);
"""

OPAQUE = {"textrange", "textrange[]", "pair_domain", "holder", "holder[]", "ltree[]", "int_list[]", "vector[]",
          "geometry[]", "regcollation", "regoper", "regtype[]"}

# The first major that has a type, or a value.
SINCE = {
    "int4multirange": 14, "int8multirange": 14, "nummultirange": 14, "datemultirange": 14, "tsmultirange": 14,
    "tstzmultirange": 14, "float8multirange": 14, "int4multirange[]": 14, "xid8": 13, "xid8[]": 13,
    "pg_snapshot": 13, "regcollation": 13, "numeric(3,-2)": 15, "numeric(2,4)": 15,
    ("interval", "hours"): 15, ("numeric", "inf"): 14, ("numeric", "ninf"): 14, ("numrange", "inf"): 14,
    ("interval", "inf"): 17, ("interval", "ninf"): 17,
}

GROUPS = {
    # with modifiers
    "numeric(1000,500)": {"max": "(repeat('9', 500) || '.' || repeat('9', 500))::numeric",
                          "tiny": "('-0.' || repeat('0', 499) || '1')::numeric"},
    "numeric(38,0)": {"max": "repeat('9', 38)::numeric", "min": "('-' || repeat('9', 38))::numeric"},
    "numeric(3,-2)": {"rounded": "12345"}, "numeric(2,4)": {"small": "0.0012"},
    "bpchar": {"blank": "'a  '::bpchar"}, "varchar": {"cases": "'İıßﬁ'"},
    "bit(64)": {"high": "('1' || repeat('0', 63))::bit(64)", "all": "repeat('1', 64)::bit(64)"},
    "varbit(8)": {"short": "B'1'", "full": "B'00000001'", "zeros": "B'0000'"},
    "time(0)": {"rounded": "'23:59:59'"}, "timetz(3)": {"millis": "'08:09:10.123-03:30'"},
    "timestamp(0)": {"rounded": "'2005-06-07 08:09:10'", "inf": "'infinity'"},
    "timestamp(3)": {"millis": "'2005-06-07 08:09:10.123'", "bc": "'0001-01-01 00:00:00.001 BC'"},
    "timestamptz(3)": {"millis": "'2005-06-07 08:09:10.123+09'"},
    "interval year to month": {"plain": "'3 years -2 months'"}, "interval second(0)": {"rounded": "'59 seconds'"},
    # ranges
    "textrange": {"quotes": r"""textrange('a"b', 'c\d)', '(]')""", "empty_bound": "textrange('', 'x')",
                  "comma": "textrange('a,b', NULL)", "blank": "textrange(' ', '  ')",
                  "brackets": "textrange('[', ']')", "empty": "textrange('a', 'a')"},
    "int8multirange": {"gaps": "'{[1,2),[4,6),[9223372036854775800,)}'"},
    "tsmultirange": {"one": "'{[2005-06-07 08:09:10,infinity]}'"},
    # domains and composites
    "span": {"canonical": "'[1,5]'"}, "domain_of_domain": {"wide": "'日本'"},
    "amount": {"scale": "1.5"}, "pair_domain": {"blank": "'(1,\" a\")'"},
    "holder": {
        "full": r"""ROW('[1,5)', 1.5, hstore('k', 'v",('), 'a.b', '\x5c22', 'x')::holder""",
        "nulls": "ROW(NULL, NULL, NULL, NULL, NULL, NULL)::holder", "empty": "ROW('empty', 0, '', '', '', '')::holder"},
    # extensions
    "ltree": {"empty": "''", "path": "'Top.Science.Astronomy'", "digits": "'1.2.3_x'"},
    "lquery": {"stars": "'Top.*{1,2}.sci*@|math%'"},
    "ltxtquery": {"words": "'Europe & Russia*@ & !Transportation'"},
    "geometry": {"ewkb": "'0101000020E6100000000000000000F03F0000000000000040'",
                 "ewkt": "'SRID=4326;POLYGON((0 0,1 0,1 1,0 0))'"},
    "vector": {"plain": "'[1,-2.5,3e-05]'", "empty": "'[]'"},
    # arrays
    "smallint[]": {"extremes": "'{-32768,NULL,32767}'"}, "real[]": {"special": "'{NaN,-0,1e-45,0.1}'"},
    "money[]": {"two": "ARRAY[0::money, NULL]"}, "name[]": {"quotes": "ARRAY['a\"b', 'c,d']::name[]"},
    '"char"[]': {"letters": r"""ARRAY['x', '\', '"']::"char"[]"""},
    "numeric(5,2)[]": {"two": "'{1.50,NULL,-999.99}'"}, "varbit[]": {"mixed": "ARRAY[B'', B'1', NULL]::varbit[]"},
    "text[][]": {"matrix": "ARRAY[['a', NULL], ['', '\"']]", "bounds": "'[0:1][-1:0]={{a,b},{c,d}}'"},
    "time[]": {"two": "'{24:00:00,00:00:00.000001}'"}, "timetz[]": {"two": "'{12:00:00+05:30,NULL}'"},
    "timestamp[]": {"special": "'{-infinity,2005-06-07 08:09:10.5,0001-01-01 00:00:00 BC}'"},
    "cidr[]": {"two": "'{10.0.0.0/8,::/0}'"}, "macaddr[]": {"one": "'{08:00:2b:01:02:03}'"},
    "oid[]": {"max": "'{4294967295,0}'"}, "xid8[]": {"max": "'{18446744073709551615}'"},
    "pg_lsn[]": {"two": "'{0/0,FFFFFFFF/FFFFFFFF}'"}, "tid[]": {"one": "ARRAY['(1,2)'::tid]"},
    "int2vector[]": {"one": "'{\"1 2\"}'"},
    "regtype[]": {"two": "ARRAY['mood'::regtype, 'integer'::regtype]"},
    "point[]": {"two": "ARRAY['(0.1,-2)'::point, NULL]"}, "circle[]": {"one": "ARRAY['<(0,0),1>'::circle]"},
    "polygon[]": {"one": "ARRAY['((0,0),(1,1),(2,0))'::polygon]"},
    "path[]": {"both": "ARRAY['[(0,0),(1,1)]'::path, '((0,0),(1,1))']"},
    "daterange[]": {"mixed": "ARRAY['[2005-06-07,infinity)'::daterange, 'empty', NULL]"},
    "tstzrange[]": {"one": "ARRAY['[2005-06-07 08:09:10+09,)'::tstzrange]"},
    "int4multirange[]": {"two": "ARRAY['{[1,3),[5,7)}'::int4multirange, '{}']"},
    "textrange[]": {"quotes": r"""ARRAY[textrange('a"b', 'c\d,)'), NULL]"""},
    "jsonpath[]": {"one": "ARRAY['$.\"a b\"[*]'::jsonpath]"}, "tsquery[]": {"one": "ARRAY['fat & !''r at'':A'::tsquery]"},
    "ltree[]": {"two": "ARRAY['a.b'::ltree, '']"}, "int_list[]": {"lists": "'{\"{1,NULL}\",\"{}\",NULL}'"},
    "holder[]": {"one": r"""ARRAY[ROW('[1,5)', 1.5, 'a=>NULL', 'a.b', '\x00', '"\')::holder, NULL]"""},
    "geometry[]": {"colon": "ARRAY['POINT(1 2)'::geometry, 'a:b']"},
    "vector[]": {"comma": "ARRAY['[1,2]'::vector, NULL]"},
    # names of objects
    "regcollation": {"c": "'\"C\"'::regcollation"}, "regoper": {"cube_root": "'||/'::regoper"},
}
