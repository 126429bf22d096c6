-- Are the yearly partitions of events there, and is the default one empty?
--
-- `finding` is empty where all is well. "rows belong to a year of their own" or a missing next year:
-- gateway job create-event-partitions. Rows and sizes are the planner's; ANALYZE for fresher ones. A year that nobody
-- reads any more may be detached and archived: ALTER TABLE events DETACH PARTITION events_2024 CONCURRENTLY.
WITH partition AS (
    SELECT c.oid, c.relname::text AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds,
           greatest(c.reltuples, 0)::bigint AS estimated_rows, pg_total_relation_size(c.oid) AS bytes,
           s.n_tup_ins AS inserted
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
    WHERE i.inhparent = 'events'::regclass
)
SELECT name, bounds, estimated_rows, pg_size_pretty(bytes) AS size, inserted,
       CASE WHEN bounds = 'DEFAULT' AND EXISTS (SELECT FROM events_default)
            THEN 'rows belong to a year of their own' ELSE '' END AS finding
FROM partition
UNION ALL
SELECT 'events_' || year, NULL, NULL, NULL, NULL, 'missing'
FROM generate_series(extract(year FROM now())::int, extract(year FROM now())::int + 1) year
WHERE NOT EXISTS (SELECT FROM partition WHERE name = 'events_' || year)
ORDER BY name;
