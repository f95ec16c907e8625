-- Each expression of cases.txt with the results of its type's send function, its output
-- function and to_jsonb: type, hexadecimal bytes, text, JSON.
CREATE TABLE cases (n serial, type text, expression text);
\copy cases (type, expression) from 'cases.txt' with (format csv, delimiter E'\t', quote E'\x01')
CREATE TABLE results (n integer, oid oid, type text, bytes text, txt text, json text);
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
DO $$
DECLARE one record; send text;
BEGIN
  FOR one IN SELECT * FROM cases ORDER BY n LOOP
    -- refcursor's send function takes a text, and there is no cast to text.
    SELECT CASE one.type WHEN 'refcursor' THEN 'byteasend' ELSE typsend::text END
      INTO send FROM pg_type WHERE oid = one.type::regtype;
    EXECUTE format('INSERT INTO results SELECT %s, %s, %L, encode(%s(v%s), ''hex''), '
                   'format(''%%s'', v), to_jsonb(v)::text FROM (SELECT (%s)::%s AS v) s',
                   one.n, one.type::regtype::oid, one.type, send,
                   CASE one.type WHEN 'refcursor' THEN '::text::bytea' ELSE '' END,
                   one.expression, one.type);
  END LOOP;
END $$;
