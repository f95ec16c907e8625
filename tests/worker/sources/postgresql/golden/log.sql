-- The output of pgoutput for a few transactions: position, message in hexadecimal digits.
CREATE SCHEMA "odd schema";
CREATE TABLE "odd schema"."T 1" (id integer PRIMARY KEY, body text, amount numeric(12, 2), m mood, acl aclitem);
ALTER TABLE "odd schema"."T 1" ALTER body SET STORAGE EXTERNAL;
CREATE TABLE whole (a integer, b text);
ALTER TABLE whole ALTER b SET STORAGE EXTERNAL;
ALTER TABLE whole REPLICA IDENTITY FULL;
CREATE TABLE by_index (id integer PRIMARY KEY, k integer NOT NULL, v text);
CREATE UNIQUE INDEX by_k ON by_index (k);
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_k;
CREATE PUBLICATION p FOR TABLE "odd schema"."T 1", whole, by_index;
SELECT 1 FROM pg_create_logical_replication_slot('s', 'pgoutput');

BEGIN;
INSERT INTO "odd schema"."T 1" VALUES (1, repeat('x', 3000), 12.3, 'ok', NULL), (2, NULL, NULL, NULL, 'postgres=r/postgres');
SAVEPOINT a;
INSERT INTO "odd schema"."T 1" VALUES (3);
ROLLBACK TO a;
UPDATE "odd schema"."T 1" SET amount = 5 WHERE id = 1;
UPDATE "odd schema"."T 1" SET id = 10 WHERE id = 1;
DELETE FROM "odd schema"."T 1" WHERE id = 2;
COMMIT;
BEGIN;
INSERT INTO whole VALUES (1, repeat('y', 3000));
UPDATE whole SET a = 2;
DELETE FROM whole;
INSERT INTO by_index VALUES (1, 1, 'v');
UPDATE by_index SET id = 2;
UPDATE by_index SET k = 2;
DELETE FROM by_index;
COMMIT;
TRUNCATE "odd schema"."T 1", whole RESTART IDENTITY CASCADE;
BEGIN;
INSERT INTO whole VALUES (5, 'before');
ALTER TABLE whole ADD c integer;
INSERT INTO whole VALUES (6, 'after', 7);
COMMIT;
SELECT 1 FROM pg_logical_emit_message(true, 'tributary', E'end\n of sync');
SELECT 1 FROM pg_logical_emit_message(false, 'tributary', '');
COPY whole FROM STDIN;
1	one	1
2	two	2
3	three	3
\.
