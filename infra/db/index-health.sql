-- Which indexes cost without serving, and which are missing?
--
-- invalid: a CREATE INDEX CONCURRENTLY that broke off; written, never read.  DROP INDEX CONCURRENTLY, create again.
-- duplicate: another index with the same columns, order and predicate.      Drop one.
-- prefix: another index begins with these columns and could serve.         Drop it, unless it is much smaller.
-- unused: not one scan since the statistics began (see `since`).            Drop it after a full business cycle.
-- foreign key: deleting a parent reads the whole child table.               Create the index.
--
-- A partitioned index is judged as one: scans and sizes are those of all its partitions together.
WITH leaf AS (
    SELECT i.indexrelid, i.indrelid, coalesce(pg_partition_root(i.indexrelid), i.indexrelid)::oid AS root,
           coalesce(s.idx_scan, 0) AS scans, pg_relation_size(i.indexrelid) AS bytes, i.indisvalid AS is_valid
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.indexrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind <> 't'
), tree AS (
    SELECT root, sum(scans) AS scans, sum(bytes) AS bytes, bool_and(is_valid) AS is_valid FROM leaf GROUP BY root
), index AS (
    SELECT t.*, i.indrelid AS table_oid, i.indkey::text AS columns, i.indclass::text AS classes,
           i.indoption::text AS options, coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS predicate,
           coalesce(pg_get_expr(i.indexprs, i.indrelid), '') AS expressions, i.indisunique AS is_unique,
           EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid) AS is_constraint
    FROM tree t JOIN pg_index i ON i.indexrelid = t.root
), finding AS (
    SELECT 'invalid' AS finding, table_oid, root AS index_oid, bytes, 'never finished' AS detail
    FROM index WHERE NOT is_valid
    UNION ALL
    SELECT 'duplicate', a.table_oid, a.root, a.bytes, 'same as ' || b.root::regclass
    FROM index a JOIN index b USING (table_oid, columns, classes, options, predicate, expressions)
    WHERE a.root <> b.root AND NOT a.is_constraint AND (b.is_constraint OR a.root > b.root)
    UNION ALL
    SELECT 'prefix', a.table_oid, a.root, a.bytes, 'begins ' || b.root::regclass
    FROM index a JOIN index b USING (table_oid, predicate)
    WHERE a.root <> b.root AND NOT a.is_unique AND a.expressions = '' AND b.expressions = ''
      AND b.columns LIKE a.columns || ' %'
    UNION ALL
    SELECT 'unused', table_oid, root, bytes, 'no scan'
    FROM index WHERE scans = 0 AND NOT is_unique AND NOT is_constraint
    UNION ALL
    SELECT 'foreign key', f.conrelid, NULL, NULL, f.conname || ' has no index'
    FROM pg_constraint f
    WHERE f.contype = 'f' AND f.conparentid = 0 AND f.connamespace = 'public'::regnamespace
      AND NOT EXISTS (
          SELECT FROM pg_index i
          WHERE i.indrelid = f.conrelid AND i.indisvalid
            AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey
            AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) LIKE '%IS NOT NULL%')
      )
)
SELECT finding, table_oid::regclass::text AS table_name, index_oid::regclass::text AS index_name,
       pg_size_pretty(bytes::bigint) AS size, detail,
       (SELECT coalesce(stats_reset::text, 'the server was made') FROM pg_stat_database
        WHERE datname = current_database()) AS since
FROM finding
ORDER BY array_position(ARRAY['invalid', 'duplicate', 'foreign key', 'prefix', 'unused'], finding), bytes DESC NULLS LAST;
