import type { EntityManager } from 'typeorm';

/** Copies from the catalogue, so that no migration is missed. */
export async function copyTable(manager: EntityManager, from: string, to: string, name: string): Promise<void> {
  const [table] = await manager.query<{ partitioned: string | null }[]>(
    `SELECT ' PARTITION BY ' || pg_get_partkeydef($1::regclass) AS partitioned`,
    [`${from}.${name}`],
  );
  await manager.query(
    `CREATE TABLE ${to}.${name} (LIKE ${from}.${name} INCLUDING ALL EXCLUDING INDEXES)${table?.partitioned ?? ''}`,
  );
  await runEach(manager, INDEXES, [from, to, name]);
  await runEach(manager, ACCESS, [from, to, name]);
  await copyPartitions(manager, from, to, name);
}

/** Also moves rows of the new partitions out of the default partition. */
export async function copyPartitions(manager: EntityManager, from: string, to: string, name: string): Promise<void> {
  const missing = await manager.query<PartitionRecord[]>(PARTITIONS, [from, to, name]);
  for (const { partition, bound, holds, fallback } of missing) {
    await manager.query(`CREATE TABLE ${to}.${partition} (LIKE ${to}.${name} INCLUDING ALL)`);
    if (fallback !== null && holds !== null)
      await manager.query(
        `WITH moved AS (DELETE FROM ${to}.${fallback} WHERE ${holds} RETURNING *) INSERT INTO ${to}.${partition} SELECT * FROM moved`,
      );
    await runEach(manager, ACCESS, [from, to, partition]);
    await manager.query(`ALTER TABLE ${to}.${name} ATTACH PARTITION ${to}.${partition} ${bound}`);
  }
}

export async function withPartitions(manager: EntityManager, schema: string, name: string): Promise<readonly string[]> {
  const rows = await manager.query<{ partition: string }[]>(
    `SELECT c.relname AS partition FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = $1::regclass ORDER BY 1`,
    [`${schema}.${name}`],
  );
  return [name, ...rows.map((row) => row.partition)];
}

async function runEach(manager: EntityManager, query: string, values: readonly string[]): Promise<void> {
  for (const { sql } of await manager.query<{ sql: string }[]>(query, [...values])) await manager.query(sql);
}

interface PartitionRecord {
  readonly partition: string;
  readonly bound: string;
  /** SQL that is true for the partition's rows; null for the default one. */
  readonly holds: string | null;
  readonly fallback: string | null;
}

/** Constraints with indexes first, then the other indexes. Index names are per schema, so each keeps its name. */
const INDEXES = `
  SELECT CASE WHEN k.oid IS NOT NULL
              THEN format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', $2::text, $3::text, k.conname, pg_get_constraintdef(k.oid))
              ELSE regexp_replace(pg_get_indexdef(i.indexrelid), ' ON (ONLY )?[^ ]+ USING ', format(' ON %I.%I USING ', $2::text, $3::text))
          END AS sql
    FROM pg_index i LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x') AND k.conrelid = i.indrelid
   WHERE i.indrelid = format('%I.%I', $1::text, $3::text)::regclass
   ORDER BY k.oid, i.indexrelid`;

const ACCESS = `
  WITH t AS (SELECT oid, relowner, relacl, relrowsecurity, relforcerowsecurity, reloptions, format('%I.%I', $2::text, $3::text) AS name
               FROM pg_class WHERE oid = format('%I.%I', $1::text, $3::text)::regclass)
  SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name) AS sql FROM t WHERE relrowsecurity
   UNION ALL SELECT format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name) FROM t WHERE relforcerowsecurity
   UNION ALL SELECT format('ALTER TABLE %s SET (%s)', name, array_to_string(reloptions, ', ')) FROM t WHERE reloptions IS NOT NULL
   UNION ALL SELECT format('GRANT %s ON %s TO %s%s', a.privilege_type || a.columns, name,
                           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END)
               FROM t, LATERAL (SELECT '' AS columns, * FROM aclexplode(relacl)
                                 UNION ALL SELECT format(' (%I)', attname), granted.* FROM pg_attribute, aclexplode(attacl) granted
                                            WHERE attrelid = t.oid) a WHERE a.grantee <> relowner
   UNION ALL SELECT format('ALTER TABLE %s OWNER TO %s', name, relowner::regrole) FROM t WHERE relowner <> current_user::regrole
   UNION ALL SELECT format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.policyname, name, p.permissive, p.cmd,
                           (SELECT string_agg(CASE r WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(r) END, ', ') FROM unnest(p.roles) r))
                    || coalesce(' USING (' || p.qual || ')', '') || coalesce(' WITH CHECK (' || p.with_check || ')', '')
               FROM t, pg_policies p WHERE p.schemaname = $1 AND p.tablename = $3`;

const PARTITIONS = `
  SELECT c.relname AS partition, pg_get_expr(c.relpartbound, c.oid) AS bound,
         CASE WHEN pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT' THEN pg_get_partition_constraintdef(c.oid) END AS holds,
         (SELECT d.relname FROM pg_inherits j JOIN pg_class d ON d.oid = j.inhrelid
           WHERE j.inhparent = format('%I.%I', $2::text, $3::text)::regclass AND pg_get_expr(d.relpartbound, d.oid) = 'DEFAULT') AS fallback
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
   WHERE i.inhparent = format('%I.%I', $1::text, $3::text)::regclass
     AND NOT EXISTS (SELECT FROM pg_class o WHERE o.relnamespace = $2::text::regnamespace AND o.relname = c.relname)
   ORDER BY pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT', c.relname`;
