import type { EntityManager } from 'typeorm';

/**
 * The manager, with its SQL aimed at the tables of another schema: `from.table` becomes `to.table`. So the rows beside are
 * written by the very statements of the live consumer, and cannot follow other rules. Parameters are not looked at.
 */
export function inSchema(manager: EntityManager, from: string, to: string): EntityManager {
  const name = new RegExp(`\\b${from}\\.`, 'g');
  const aimed = Object.create(manager) as EntityManager;
  aimed.query = <T>(sql: string, parameters?: unknown[]) => manager.query<T>(sql.replace(name, `${to}.`), parameters);
  return aimed;
}
