-- Who holds connections, and how many are left?
--
-- A container holds DATABASE_MAX_CONNECTIONS, a Lambda container 1. Above 80 % (`used_percent`, of all databases) put RDS
-- Proxy or PgBouncer in between, or lower the pools: more connections do not make a server faster. Many that are "idle in transaction" are
-- a bug (long-transactions.sql); many "active" that wait for a lock point to locks.sql.
WITH client AS (
    SELECT datname, usename, application_name, coalesce(state, 'starting') AS state, wait_event_type, state_change,
           xact_start
    FROM pg_stat_activity WHERE backend_type = 'client backend'
)
SELECT coalesce(datname, '') AS database, usename AS role, application_name AS application, state, count(*) AS connections,
       count(*) FILTER (WHERE wait_event_type = 'Lock') AS waiting_for_locks,
       round(max(extract(epoch FROM clock_timestamp() - state_change))::numeric, 1) AS longest_in_state_s,
       round(100.0 * (SELECT count(*) FROM client)
             / (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int), 1) AS used_percent
FROM client
GROUP BY 1, 2, 3, 4
ORDER BY connections DESC;
