import { createParamDecorator, Injectable, type ExecutionContext } from '@nestjs/common';
import type { ApiKeyId } from '@postern/contracts';
import { principalOf } from '@postern/http';
import type { FastifyRequest } from 'fastify';
import type { DataSource } from 'typeorm';

export interface Relay {
  readonly keyId: ApiKeyId;
  /** The header `Postern-Relay`, percent-decoded; otherwise the key's name. */
  readonly name: string;
  readonly client: string | null;
  /** The header `Postern-Denials-Waiting`: those that are not in this request. */
  readonly denialsWaiting: number | null;
}

export interface RelayStream extends Relay {
  readonly connectedAt: string;
  /** Since the relay's connection took the last write. */
  readonly silentMs: number;
  readonly revision: number;
  readonly behind: number;
}

/** The length of a host name (RFC 1035), as in a denial. */
const LONGEST_NAME = 253;
const LONGEST_CLIENT = 200;
/** In one process between two writes, and in the table. The least recently seen is dropped. */
const MAX_RELAYS = 10_000;

export const CallingRelay = createParamDecorator((_: unknown, context: ExecutionContext): Relay => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const { keyId, name } = principalOf(request).actor;
  const header = (header: string): string => String(request.headers[header] ?? '');
  const waiting = header('postern-denials-waiting');
  return {
    keyId,
    name: plain(decoded(header('postern-relay')), LONGEST_NAME) || name,
    client: plain(header('user-agent'), LONGEST_CLIENT) || null,
    denialsWaiting: /^\d{1,9}$/.test(waiting) ? Number(waiting) : null,
  };
});

@Injectable()
export class RelayContacts {
  private streams: () => readonly RelayStream[] = () => [];
  private reported = new Map<string, Relay>();

  followStreams(streams: () => readonly RelayStream[]): void {
    this.streams = streams;
  }

  hasReported(relay: Relay): void {
    if (this.reported.size < MAX_RELAYS) this.reported.set(idOf(relay), relay);
  }

  /** Of two streams of a relay, writes the later one. */
  async write(access: DataSource, instance: string): Promise<void> {
    const { reported } = this;
    this.reported = new Map();
    const seen = new Map<string, Relay>();
    for (const stream of this.streams()) seen.set(idOf(stream), stream);
    for (const [id, relay] of reported) seen.set(id, { ...seen.get(id), ...relay });
    if (seen.size > 0) await access.query(WRITE, [instance, JSON.stringify([...seen.values()])]);
    await access.query(FORGET, [MAX_RELAYS]);
  }
}

/** All processes use the same order, so that they cannot deadlock. A report of denials keeps the stream's columns. */
const WRITE = `
  INSERT INTO access.relays AS known (key_id, name, client, last_contact_at, instance, connected_at, stream_seen_at, revision, behind, denials_waiting)
  SELECT "keyId", name, client, clock_timestamp() - coalesce("silentMs", 0) * interval '1 ms',
         CASE WHEN "connectedAt" IS NOT NULL THEN $1 END, "connectedAt",
         CASE WHEN "connectedAt" IS NOT NULL THEN clock_timestamp() END, revision, behind, "denialsWaiting"
    FROM json_to_recordset($2) AS seen ("keyId" text, name text, client text, "denialsWaiting" integer,
           "connectedAt" timestamptz, "silentMs" float8, revision bigint, behind bigint)
   ORDER BY "keyId", name
  ON CONFLICT (key_id, name) DO UPDATE SET
    client = coalesce(excluded.client, known.client),
    last_contact_at = greatest(excluded.last_contact_at, known.last_contact_at),
    instance = coalesce(excluded.instance, known.instance),
    connected_at = coalesce(excluded.connected_at, known.connected_at),
    stream_seen_at = coalesce(excluded.stream_seen_at, known.stream_seen_at),
    revision = coalesce(excluded.revision, known.revision),
    behind = coalesce(excluded.behind, known.behind),
    denials_waiting = coalesce(excluded.denials_waiting, known.denials_waiting)`;

const FORGET = `
  DELETE FROM access.relays
   WHERE last_contact_at < clock_timestamp() - interval '1 day'
      OR last_contact_at < (SELECT last_contact_at FROM access.relays ORDER BY last_contact_at DESC OFFSET $1 LIMIT 1)`;

const idOf = ({ keyId, name }: Relay): string => `${keyId} ${name}`;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function plain(text: string, longest: number): string {
  return text
    .replaceAll(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, longest)
    .toWellFormed();
}
