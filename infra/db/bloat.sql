-- How much of each table and B-tree is empty space that no row uses?
--
-- An estimate from the planner's statistics, without reading the data: what the rows would take if they were packed as
-- the fillfactor allows, against the pages there are. Run ANALYZE before; small objects (< 1 MB) are left out, and so is
-- out-of-line (TOAST) data. Above 50 % and 100 MB it is worth acting: REINDEX INDEX CONCURRENTLY for an index; for a
-- table find out first why vacuum did not keep up (vacuum-advice.sql, long-transactions.sql), then pg_repack, or VACUUM
-- FULL in a maintenance window (it locks out readers). `exact` by extension: pgstattuple_approx('table').
WITH setting AS (
    -- A page's own header, a row's header with its line pointer, an index entry's.
    SELECT current_setting('block_size')::numeric AS page, 24 AS page_header, 28 AS row_header, 12 AS entry_header
), object AS (
    SELECT c.oid, c.relkind, c.relpages, greatest(c.reltuples, 0)::numeric AS tuples,
           coalesce((SELECT option_value::numeric FROM pg_options_to_table(c.reloptions)
                     WHERE option_name = 'fillfactor'), CASE c.relkind WHEN 'i' THEN 90 ELSE 100 END) / 100 AS fill,
           coalesce(i.indrelid, c.oid) AS table_oid, i.indkey::int2[] AS columns
    FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
    LEFT JOIN pg_am a ON a.oid = c.relam
    WHERE c.relnamespace = 'public'::regnamespace
      AND (c.relkind = 'r' OR (c.relkind = 'i' AND a.amname = 'btree' AND i.indexprs IS NULL))
), width AS (
    -- Average bytes of a row's (or an entry's) values; NULLs take none. Rounded up to 8 as rows are aligned.
    SELECT o.oid, ceil(sum(s.avg_width * (1 - s.null_frac))::numeric / 8) * 8 AS bytes
    FROM object o
    JOIN pg_class t ON t.oid = o.table_oid
    JOIN pg_attribute a ON a.attrelid = o.table_oid AND a.attnum > 0 AND NOT a.attisdropped
         AND (o.relkind = 'r' OR a.attnum = ANY (o.columns))
    JOIN pg_stats s ON s.schemaname = 'public' AND s.tablename = t.relname AND s.attname = a.attname
    GROUP BY o.oid
), sized AS (
    SELECT o.oid, o.relkind, o.table_oid, o.relpages * s.page AS bytes,
           ceil(o.tuples * (w.bytes + CASE o.relkind WHEN 'r' THEN s.row_header ELSE s.entry_header END)
                / ((s.page - s.page_header) * o.fill)) * s.page AS needed
    FROM object o JOIN width w USING (oid) CROSS JOIN setting s
)
SELECT CASE relkind WHEN 'r' THEN 'table' ELSE 'index' END AS kind, oid::regclass::text AS name,
       table_oid::regclass::text AS table_name, pg_size_pretty(bytes) AS size,
       pg_size_pretty(greatest(bytes - needed, 0)) AS empty,
       round(100 * greatest(bytes - needed, 0) / bytes)::int AS empty_percent
FROM sized
WHERE bytes >= 1024 * 1024
ORDER BY greatest(bytes - needed, 0) DESC;
