import { Output } from '@postern/terminal';
import type { WhoAmI } from '@postern/contracts';
import type { Command } from 'commander';
import { connectionOf, type GlobalOptions } from './connection/connection.js';
import { PosternApi, segment } from './connection/postern-api.js';
import { usageFailure } from './failure.js';

/** What a command works with. */
export interface Session {
  readonly api: PosternApi;
  readonly output: Output;
  /** The tenant that is named, else the one that the key belongs to. Throws a usage failure where there is neither. */
  tenant(): Promise<string>;
}

/** The session of a command that was called. Throws a usage failure where a global option or the environment is not right. */
export function sessionOf(command: Command): Session {
  const options = command.optsWithGlobals<GlobalOptions>();
  const api = new PosternApi(connectionOf(options, process.env));
  const named = options.tenant ?? (process.env['POSTERN_TENANT'] || null);
  let tenant: Promise<string> | undefined;
  return {
    api,
    output: new Output(options.json ?? false, process.stdout, process.stderr),
    tenant: () => (tenant ??= named === null ? tenantOfKey(api) : Promise.resolve(named)),
  };
}

/** `/v1/tenants/<tenant>` */
export async function tenantPath(session: Session): Promise<string> {
  return `/v1/tenants/${segment(await session.tenant())}`;
}

async function tenantOfKey(api: PosternApi): Promise<string> {
  const { role, tenantId } = await api.get<WhoAmI>('/v1/whoami');
  if (tenantId !== null) return tenantId;
  throw usageFailure(
    `Which tenant? The key of the role ${role} belongs to none. Set POSTERN_TENANT or --tenant.` +
      ' With an operator key, `postern tenants list` shows them.',
  );
}
