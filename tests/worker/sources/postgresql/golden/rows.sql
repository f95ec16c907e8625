-- A table that is copied completely.
CREATE TABLE rows (id integer, name text, amount numeric(12, 2), at timestamptz, tags text[]);
INSERT INTO rows VALUES
  (1, 'one', 12.34, '2024-02-29 08:05:09.5+00', '{a,b}'),
  (2, NULL, NULL, NULL, NULL),
  (3, '', 0, '0001-01-01 00:00:00+00', '{}'),
  (4, repeat('long ', 200), -99999.99, 'infinity', '{NULL}');
