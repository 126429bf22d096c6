-- Which statements does the server spend its time on?
--
-- Needs pg_stat_statements: shared_preload_libraries (on RDS it is there), then once CREATE EXTENSION pg_stat_statements.
-- Read `share` first: a fast statement called often can cost more than a slow one. Then `buffers_per_call`: it must
-- not grow with the tables (cargo xtask drill growth); `mean_ms` with a high `stddev_ms` means waiting (locks.sql).
-- Act when a statement of a request takes more than 5 ms on average or more than 25 buffers a call: EXPLAIN (ANALYZE, BUFFERS) it.
-- Start anew after a release: SELECT pg_stat_statements_reset().
SELECT round((100 * total_exec_time / sum(total_exec_time) OVER ())::numeric, 1) AS share,
       calls, round(mean_exec_time::numeric, 3) AS mean_ms, round(stddev_exec_time::numeric, 3) AS stddev_ms,
       round(max_exec_time::numeric, 1) AS max_ms, round(total_exec_time::numeric) AS total_ms,
       round(rows::numeric / calls, 1) AS rows_per_call,
       round((shared_blks_hit + shared_blks_read)::numeric / calls, 1) AS buffers_per_call,
       round(100.0 * shared_blks_hit / nullif(shared_blks_hit + shared_blks_read, 0), 1) AS hit_percent,
       temp_blks_written AS temp_buffers, pg_size_pretty(wal_bytes) AS wal,
       left(regexp_replace(query, '\s+', ' ', 'g'), 200) AS statement
FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND calls > 0
ORDER BY total_exec_time DESC
LIMIT 25;
