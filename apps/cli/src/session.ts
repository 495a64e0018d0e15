import type { Command } from 'commander';
import { connectionOf, type GlobalOptions } from './connection/connection.js';
import { PosternApi, segment } from './connection/postern-api.js';
import { usageFailure } from './failure.js';
import { Output } from './output/output.js';

/** What a command works with. */
export interface Session {
  readonly api: PosternApi;
  readonly output: Output;
  /** The tenant that is named, or null. */
  readonly tenant: string | null;
}

/** The session of a command that was called. Throws a usage failure where a global option or the environment is not right. */
export function sessionOf(command: Command): Session {
  const options = command.optsWithGlobals<GlobalOptions>();
  return {
    api: new PosternApi(connectionOf(options, process.env)),
    output: new Output(options.json ?? false, process.stdout, process.stderr),
    tenant: options.tenant ?? (process.env['POSTERN_TENANT'] || null),
  };
}

/** `/v1/tenants/<tenant>`. A key does not tell to which tenant it belongs, so it must be named. */
export function tenantPath({ tenant }: Session): string {
  if (tenant === null) {
    throw usageFailure(
      'Which tenant? Set POSTERN_TENANT or --tenant. With an operator key, `postern tenants list` shows them.',
    );
  }
  return `/v1/tenants/${segment(tenant)}`;
}
