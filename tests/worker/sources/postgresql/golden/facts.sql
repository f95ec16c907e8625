-- The content of TypeFacts for each type. The columns: OID, name, typtype, whether it is an
-- array, the type that it is made of, the type modifier, the delimiter, the send function,
-- whether there is a cast to json, and a composite's fields.
SELECT t.oid, t.typname, t.typtype,
       t.typsubscript = 'pg_catalog.array_subscript_handler'::regproc AS is_array,
       CASE WHEN t.typtype = 'd' THEN t.typbasetype
            WHEN t.typtype = 'r' THEN (SELECT rngsubtype FROM pg_range WHERE rngtypid = t.oid)
            WHEN t.typtype = 'm' THEN (SELECT rngtypid FROM pg_range WHERE rngmultitypid = t.oid)
            WHEN t.typsubscript = 'pg_catalog.array_subscript_handler'::regproc THEN t.typelem
            ELSE 0 END AS inner_type,
       t.typtypmod, t.typdelim, coalesce(p.proname, '') AS send,
       t.oid >= 16384 AND EXISTS (SELECT FROM pg_cast WHERE castsource = t.oid
                                  AND casttarget = 'json'::regtype AND castmethod = 'f') AS casts,
       coalesce((SELECT string_agg(attname || ' ' || atttypid, E'\n' ORDER BY attnum)
                 FROM pg_attribute
                 WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped), '') AS fields
FROM pg_type t LEFT JOIN pg_proc p ON p.oid = t.typsend
WHERE (t.typtype IN ('b', 'r', 'm') AND t.oid < 10000 AND t.typrelid = 0
       AND NOT (t.typelem <> 0 AND EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typrelid <> 0)))
   OR (t.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')
       AND t.typname NOT IN ('_cases', '_values'))
ORDER BY t.oid
