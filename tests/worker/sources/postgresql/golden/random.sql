-- Random values of types whose texts are computed, in the form of values.txt. The expected
-- texts are those of the server that runs this.
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SELECT setseed(:seed) \g /dev/null
CREATE TEMP TABLE random_bits AS
  SELECT n, (random() * 2147483647)::bigint AS a, (random() * 2147483647)::bigint AS b,
         (random() * 2147483647)::bigint AS c, random() AS r
  FROM generate_series(1, :rows) n;
CREATE FUNCTION pg_temp.as_float8(bits bigint) RETURNS float8 LANGUAGE sql AS $$
  SELECT (CASE WHEN bits < 0 THEN -1 ELSE 1 END)
         * (CASE WHEN bits >> 52 & 2047 = 0 THEN 0 ELSE 1 END
            + (bits & 4503599627370495)::float8 / 4503599627370496::float8)
         * power(2::float8, greatest((bits >> 52 & 2047)::int, 1) - 1023)
$$;
COPY (
  WITH made AS (
    SELECT n, 701 AS oid, 'float8 of any exponent' AS type, float8send(v) AS bytes, v::text AS txt, to_jsonb(v)::text AS json
    FROM random_bits, LATERAL (SELECT pg_temp.as_float8((a % 2046 + 1) << 52 | (b % 1048576) << 32 | c << 1 & 4294967295) AS v) s WHERE a % 2046 < 2000
    UNION ALL
    SELECT n, 701, 'float8, large and even', float8send(v), v::text, to_jsonb(v)::text
    FROM random_bits, LATERAL (SELECT (a % 1000)::float8 * power(10::float8, (b % 25)::int) AS v) s
    UNION ALL
    SELECT n, 701, 'float8, power of two', float8send(v), v::text, to_jsonb(v)::text
    FROM random_bits, LATERAL (SELECT power(2::float8, (a % 2000)::int - 1000) * (1 + b % 5) AS v) s
    UNION ALL
    SELECT n, 700, 'float4', float4send(v), v::text, to_jsonb(v)::text
    FROM random_bits, LATERAL (SELECT ((a % 16777216)::float8 * power(2::float8, (b % 200)::int - 120))::float4 AS v) s
    UNION ALL
    SELECT n, 700, 'float4, even', float4send(v), v::text, to_jsonb(v)::text
    FROM random_bits, LATERAL (SELECT ((a % 100)::float8 * power(10::float8, (b % 20)::int))::float4 AS v) s
    UNION ALL
    SELECT n, 1700, 'numeric', numeric_send(v), v::text, to_jsonb(v)::text
    FROM random_bits, LATERAL (SELECT ((a - 1000000000)::numeric * b * power(10::numeric, (c % 60)::int - 30)) AS v) s
    UNION ALL
    SELECT n, 1082, 'date', date_send(v), v::text, to_jsonb(v)::text
    FROM random_bits, LATERAL (SELECT '2000-01-01'::date + (a % 4000000 - 2400000)::int AS v) s
    UNION ALL
    SELECT n, 1114, 'timestamp', timestamp_send(v), v::text, to_jsonb(v)::text
    FROM random_bits, LATERAL (SELECT '2000-01-01'::timestamp + (a - 1500000000) * interval '100 seconds' + b * interval '1 us' AS v) s
    UNION ALL
    SELECT n, 1184, 'timestamptz', timestamptz_send(v), v::text, to_jsonb(v)::text
    FROM random_bits, LATERAL (SELECT '2000-01-01'::timestamptz + (a - 1500000000) * interval '100 seconds' + b * interval '1 us' AS v) s
    UNION ALL
    SELECT n, 1186, 'interval', interval_send(v), v::text, to_jsonb(v)::text
    FROM random_bits, LATERAL (SELECT make_interval(months => (a % 50 - 25)::int * (b % 2)::int, days => (b % 9 - 4)::int, secs => (c % 4) * (a - 1000000000) / 1000.0) AS v) s
    UNION ALL
    SELECT n, 869, 'inet', inet_send(v), format('%s', v), to_jsonb(v)::text
    FROM random_bits, LATERAL (SELECT (SELECT string_agg(to_hex(CASE WHEN (a >> i * 3) & 3 < 2 THEN 0 WHEN (b >> i) & 1 = 0 THEN 65535 ELSE c >> i & 65535 END), ':' ORDER BY i) FROM generate_series(0, 7) i)::inet AS v) s
    UNION ALL
    SELECT n, 3615, 'tsquery', tsquerysend(v), v::text, to_jsonb(v)::text
    FROM random_bits, LATERAL (SELECT string_agg(CASE WHEN a >> i & 1 = 0 THEN '!' ELSE '' END || repeat('(', (depth[i] > depth[i - 1])::int) || chr(97 + i) || repeat(')', (depth[i] < depth[i - 1])::int)
                                                 || CASE WHEN i = 6 THEN '' ELSE (array['&', '|', '<->', '<2>'])[1 + (c >> i * 2 & 3)] END, ' ' ORDER BY i)::text AS q
                               FROM generate_series(1, 6) i, (SELECT array[0, b & 1, 0, 0, b >> 1 & 1, 0]) d(depth)) t,
         LATERAL (SELECT (CASE WHEN n % 3 = 0 THEN q ELSE replace(replace(q, '(', ''), ')', '') END)::tsquery AS v) s WHERE n % 3 > 0
    UNION ALL
    SELECT n, 3615, 'tsquery, nested', tsquerysend(v), v::text, to_jsonb(v)::text
    FROM random_bits, LATERAL (SELECT CASE WHEN a & 1 = 0 THEN tsquery_phrase(x, y) WHEN a & 2 = 0 THEN x && y ELSE x || y END AS p
                               FROM (SELECT CASE WHEN b & 1 = 0 THEN 'a & b'::tsquery WHEN b & 2 = 0 THEN 'a | !b' ELSE '!(c <-> d)' END AS x,
                                            CASE WHEN c & 1 = 0 THEN 'e | f'::tsquery WHEN c & 2 = 0 THEN 'g <2> h' ELSE '!i' END AS y) z) w,
         LATERAL (SELECT CASE WHEN c & 4 = 0 THEN !! p WHEN c & 8 = 0 THEN tsquery_phrase('x | y', p) ELSE tsquery_phrase(p, p, 3) END AS v) s
  )
  SELECT oid, type, encode(bytes, 'hex'), txt, json FROM made
) TO STDOUT;
