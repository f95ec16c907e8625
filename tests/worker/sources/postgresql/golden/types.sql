-- Types that the server does not have by itself.
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE EXTENSION ltree;
CREATE EXTENSION cube;
CREATE EXTENSION isn;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'very, "happy"', '');
CREATE TYPE pair AS (a integer, b text, "Long Name" numeric);
CREATE TYPE nested AS (p pair, ps pair[], m mood, moods mood[], j json, jb jsonb, h hstore, t timestamptz, x int4range);
CREATE TYPE nofields AS ();
CREATE TYPE holds_acl AS (a integer, acl aclitem);
CREATE DOMAIN small AS numeric(8, 2) CHECK (VALUE < 100000);
CREATE DOMAIN smaller AS small;
CREATE DOMAIN numbers AS integer[];
CREATE DOMAIN pairs AS pair;
CREATE DOMAIN tags AS hstore;
CREATE DOMAIN acl AS aclitem;
CREATE TYPE text_range AS RANGE (subtype = text, collation = "C");
CREATE TYPE pair_range AS RANGE (subtype = pair);
CREATE TYPE array_range AS RANGE (subtype = text[]);
CREATE TYPE small_range AS RANGE (subtype = small);
-- A cast that to_jsonb calls.
CREATE TYPE shade AS ENUM ('dark');
CREATE FUNCTION shade_json(shade) RETURNS json LANGUAGE sql IMMUTABLE AS $$ SELECT '{"shade": 1}'::json $$;
CREATE CAST (shade AS json) WITH FUNCTION shade_json(shade);
-- An unknown binary form.
CREATE TYPE odd;
CREATE FUNCTION odd_in(cstring) RETURNS odd LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE FUNCTION odd_send(odd) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS 'int4send';
CREATE TYPE odd (INPUT = odd_in, OUTPUT = odd_out, SEND = odd_send, LIKE = integer);
