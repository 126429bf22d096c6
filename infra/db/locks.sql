-- Who waits for whom?
--
-- One line a waiting session and session in its way. The one to look at is the blocker that itself waits for nobody
-- (`blocker_waits` is false). Requests hold locks for milliseconds: a wait above a second is a forgotten transaction, a
-- migration or somebody at a prompt. SELECT pg_cancel_backend(blocker_pid) ends its statement; pg_terminate_backend its session.
SELECT w.pid AS waiting_pid, w.application_name AS waiting_application,
       round(extract(epoch FROM clock_timestamp() - w.query_start)::numeric, 1) AS waiting_s,
       (SELECT string_agg(concat_ws(' ', l.locktype, l.mode, l.relation::regclass::text), ', ')
        FROM pg_locks l WHERE l.pid = w.pid AND NOT l.granted) AS wanted,
       left(regexp_replace(w.query, '\s+', ' ', 'g'), 120) AS waiting_statement,
       b.pid AS blocker_pid, b.application_name AS blocker_application, b.state AS blocker_state,
       cardinality(pg_blocking_pids(b.pid)) > 0 AS blocker_waits,
       round(extract(epoch FROM clock_timestamp() - b.xact_start)::numeric, 1) AS blocker_transaction_s,
       left(regexp_replace(b.query, '\s+', ' ', 'g'), 120) AS blocker_statement
FROM pg_stat_activity w
CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS blocking (pid)
JOIN pg_stat_activity b ON b.pid = blocking.pid
WHERE w.datname = current_database()
ORDER BY waiting_s DESC;
