-- Does vacuum keep up, and do updates stay on their page?
--
-- dead_percent: rows that vacuum has yet to remove; autovacuum comes at `vacuum_at` dead rows.
-- hot_percent: updates that needed no index entry (HOT). lives and users are rewritten all the time and should stay
-- above 90 %; below it, lower the fillfactor. xid_age_percent: of the age at which the server vacuums by force.
WITH setting AS (
    SELECT current_setting('autovacuum_vacuum_threshold')::numeric AS threshold,
           current_setting('autovacuum_vacuum_scale_factor')::numeric AS scale,
           current_setting('autovacuum_freeze_max_age')::numeric AS freeze_age
), option AS (
    SELECT c.oid, max(option_value) FILTER (WHERE option_name = 'autovacuum_vacuum_threshold')::numeric AS threshold,
           max(option_value) FILTER (WHERE option_name = 'autovacuum_vacuum_scale_factor')::numeric AS scale,
           coalesce(bool_and(option_value::bool) FILTER (WHERE option_name = 'autovacuum_enabled'), true) AS is_enabled
    FROM pg_class c LEFT JOIN LATERAL pg_options_to_table(c.reloptions) ON true
    GROUP BY c.oid
), state AS (
    SELECT t.relid, t.n_live_tup AS live, t.n_dead_tup AS dead, t.n_tup_upd AS updates, t.n_tup_hot_upd AS hot,
           greatest(t.last_vacuum, t.last_autovacuum) AS last_vacuum, o.is_enabled,
           coalesce(o.threshold, s.threshold) + coalesce(o.scale, s.scale) * greatest(c.reltuples, 0)::numeric AS vacuum_at,
           100 * age(c.relfrozenxid) / s.freeze_age AS xid_age_percent
    FROM pg_stat_user_tables t JOIN pg_class c ON c.oid = t.relid JOIN option o ON o.oid = t.relid CROSS JOIN setting s
    WHERE t.schemaname = 'public' AND c.relkind = 'r'
)
SELECT relid::regclass::text AS table_name, live, dead,
       round(100.0 * dead / nullif(live + dead, 0), 1) AS dead_percent, round(vacuum_at)::bigint AS vacuum_at,
       last_vacuum, updates, round(100.0 * hot / nullif(updates, 0), 1) AS hot_percent,
       round(xid_age_percent, 1) AS xid_age_percent,
       concat_ws('; ',
           CASE WHEN NOT is_enabled THEN 'autovacuum is off for this table' END,
           CASE WHEN dead > 2 * vacuum_at
                THEN 'VACUUM (ANALYZE) it, and see long-transactions.sql for what holds autovacuum back' END,
           CASE WHEN updates >= 1000 AND hot < 0.9 * updates THEN 'lower its fillfactor' END,
           CASE WHEN xid_age_percent > 80 THEN 'VACUUM (FREEZE) it at a quiet hour' END
       ) AS advice
FROM state
ORDER BY dead DESC, table_name;
