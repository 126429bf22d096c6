-- Which transactions have been open for long, and what do they hold back?
--
-- Vacuum removes nothing that the oldest of them may still see (`holds_vacuum_xids`). Ours last milliseconds, a job's
-- minutes at most. "idle in transaction" means that a program went away in the middle: end it with pg_terminate_backend(pid)
-- and set idle_in_transaction_session_timeout for its role.
SELECT a.pid, a.usename AS role, a.application_name AS application, a.state,
       round(extract(epoch FROM clock_timestamp() - a.xact_start)::numeric, 1) AS open_s,
       round(extract(epoch FROM clock_timestamp() - a.state_change)::numeric, 1) AS in_state_s,
       age(a.backend_xmin) AS holds_vacuum_xids,
       CASE WHEN a.state LIKE 'idle in transaction%' AND clock_timestamp() - a.state_change > interval '1 minute' THEN 'end it'
            WHEN clock_timestamp() - a.xact_start > interval '5 minutes' THEN 'find out what it does'
            ELSE '' END AS advice,
       left(regexp_replace(a.query, '\s+', ' ', 'g'), 120) AS last_statement
FROM pg_stat_activity a
WHERE a.xact_start IS NOT NULL AND a.datname = current_database() AND a.pid <> pg_backend_pid()
ORDER BY a.xact_start;
