import { readFile } from 'node:fs/promises';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A migration that runs SQL files in their order, in one transaction. `name` ends in its 13-digit time stamp; `module` is the
 * `import.meta.url` of the file that the paths start from. A table that several schemas have comes as text.
 */
export function sqlMigration(
  name: string,
  module: string,
  parts: readonly (string | { readonly sql: string })[],
): new () => MigrationInterface {
  return class {
    static get name(): string {
      return name;
    }

    async up(runner: QueryRunner): Promise<void> {
      for (const part of parts)
        await runner.query(typeof part === 'string' ? await readFile(new URL(part, module), 'utf8') : part.sql);
    }

    async down(): Promise<void> {
      throw new Error(`${name} has no way back: restore a backup from before it.`);
    }
  };
}
