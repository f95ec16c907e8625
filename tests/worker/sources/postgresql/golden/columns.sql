-- A column with each kind of declaration.
CREATE TABLE every_type (
  boolean boolean, smallint smallint, integer integer, bigint bigint, oid oid, real real,
  double_precision double precision, numeric numeric, numeric_12_2 numeric(12, 2),
  numeric_5 numeric(5), numeric_38_10 numeric(38, 10), numeric_39_1 numeric(39, 1),
  numeric_2_minus3 numeric(2, -3), numeric_38_minus1 numeric(38, -1), numeric_3_5 numeric(3, 5),
  numeric_1000_1000 numeric(1000, 1000), money money, date date, timestamp timestamp,
  timestamp_3 timestamp(3), timestamptz timestamptz, time time, timetz timetz, interval interval,
  uuid uuid, inet inet, cidr cidr, macaddr macaddr, macaddr8 macaddr8, bit bit(5), varbit varbit,
  tsvector tsvector, tsquery tsquery, mood mood, char char(5), varchar varchar(9), text text,
  citext citext, name name, byte_char "char", xid xid, xid8 xid8, pg_lsn pg_lsn, tid tid,
  point point, line line, lseg lseg, box box, path path, polygon polygon, circle circle,
  bytea bytea, xml xml, json json, jsonb jsonb, ints integer[], moods mood[], pair pair,
  pairs pair[], int4range int4range, int4multirange int4multirange, text_range text_range,
  hstore hstore, small small, smaller smaller, numbers numbers, tags tags, ltree ltree, cube cube,
  regclass regclass, aclitem aclitem, aclitems aclitem[], holds_acl holds_acl, acl acl,
  odd odd, odds odd[], shade shade, shades shade[], isbn isbn, isbns isbn[], gtsvector gtsvector,
  int2vector int2vector
);
