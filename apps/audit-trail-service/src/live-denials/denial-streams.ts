import type { ServerResponse } from 'node:http';
import { Inject, Injectable, Logger, Optional, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { countLimited, KeyWatch } from '@postern/access';
import { Semaphore, WakeSignal } from '@postern/async';
import type { TenantId } from '@postern/contracts';
import { inTenant, Listener, roleUrl } from '@postern/database';
import { EventStream, hasCapacityFor, Problem, type EventStreamLimits, type Principal } from '@postern/http';
import { counter, gauge } from '@postern/observe';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';
import { DENIALS_CHANNEL } from '../denials/record/record-arrivals.js';
import type { TenantScope } from '../scope.js';
import { findSmtpUser } from '../smtp-user/find-smtp-user.js';
import { type ArrivalPage, presentPosition, readArrivals } from './read-arrivals.js';
import { eventId, readEventId, type StreamPosition } from './stream-position.js';

const RETRY_MS = 500;

export const DENIAL_STREAM_LIMITS = Symbol('denial stream limits');

export interface DenialStreamLimits extends EventStreamLimits {
  readonly heartbeatMs: number;
  readonly reads: number;
}

export const DEFAULT_DENIAL_STREAM_LIMITS: DenialStreamLimits = {
  heartbeatMs: 5_000,
  maxClients: 500,
  maxClientsPerKey: 50,
  maxUnreadBytes: 1_048_576,
  stalledMs: 20_000,
  reads: 2,
};

const denialStreamClients = gauge('postern_denial_stream_clients', 'Open streams of live denials');

const denialStreamsEnded = counter('postern_denial_streams_ended_total', 'Streams of live denials that ended', [
  'reason',
]);

class DenialMember extends EventStream {
  readonly wakes = new WakeSignal();

  constructor(
    response: ServerResponse,
    limits: DenialStreamLimits,
    keyId: string,
    readonly scope: TenantScope,
    public position: StreamPosition,
  ) {
    super(response, limits, keyId);
  }
}

/** Members of a tenant at the same position share the read. */
@Injectable()
export class DenialStreams implements OnModuleDestroy {
  private readonly logger = new Logger('live-denials');
  private readonly members = new Set<DenialMember>();
  private readonly reads: Semaphore;
  private readonly reading = new Map<string, Promise<ArrivalPage>>();
  private readonly listener: Listener;
  private readonly limits: DenialStreamLimits;
  private readsFail = false;

  constructor(
    @InjectDataSource('postern_audit_reader') private readonly dataSource: DataSource,
    @Inject(KeyWatch) private readonly keys: KeyWatch,
    @Inject(SETTINGS) settings: RuntimeSettings,
    @Optional() @Inject(DENIAL_STREAM_LIMITS) limits: Partial<DenialStreamLimits> | undefined,
  ) {
    this.limits = { ...DEFAULT_DENIAL_STREAM_LIMITS, ...limits };
    this.reads = new Semaphore(this.limits.reads);
    this.listener = new Listener({
      url: roleUrl(settings.databaseUrl, 'postern_audit_reader'),
      name: 'live-denials',
      channels: [DENIALS_CHANNEL],
      onWake: (tenantId) => {
        for (const member of this.members)
          if (tenantId === null || member.scope.tenantId === tenantId) member.wakes.wake();
      },
    });
  }

  /**
   * @param lastEventId of the header `Last-Event-ID`
   * @throws before the answer begins: `smtp-user-not-found`, `too-many-requests`, the database's error
   */
  async serve(
    response: ServerResponse,
    caller: Principal,
    scope: TenantScope,
    lastEventId: string | undefined,
  ): Promise<void> {
    const last = readEventId(lastEventId, Date.now());
    const from = typeof last === 'string' ? null : last;
    const { now, reset } = await inTenant(this.dataSource, scope.tenantId, async (manager) => {
      if (scope.smtpUserId !== null) await findSmtpUser(manager, scope.smtpUserId);
      return presentPosition(manager, scope.tenantId, from);
    });
    if (response.destroyed) return;
    // No await between this check and the entry of the stream, so that simultaneous requests cannot exceed the limit.
    const { keyId } = caller.actor;
    if (!hasCapacityFor(keyId, this.members, this.limits)) {
      countLimited('denial-streams');
      throw new Problem(
        'too-many-requests',
        `This process serves ${this.limits.maxClients} streams of denials already, or ${this.limits.maxClientsPerKey} with your API key. Close one, or try again soon.`,
        { headers: { 'retry-after': '5' } },
      );
    }
    const why = typeof last === 'string' ? last : reset;
    const position = why === null && from !== null ? from : now;
    const member = new DenialMember(response, this.limits, keyId, scope, position);
    const endWatch = this.keys.watch(caller, () => member.end('key-revoked'));
    member.whenEnded((reason) => {
      endWatch();
      member.wakes.close();
      this.members.delete(member);
      denialStreamClients.set(this.members.size);
      denialStreamsEnded.inc({ reason });
    });
    this.members.add(member);
    denialStreamClients.set(this.members.size);
    member.open();
    if (why !== null) member.send(frame('reset', { reason: why }, eventId(position, Date.now())));
    void this.follow(member);
  }

  async onModuleDestroy(): Promise<void> {
    for (const member of this.members) member.end('shutdown');
    await this.listener.stop();
  }

  /** Writes denials and heartbeats until the member has ended. While the database is unavailable it writes nothing. */
  private async follow(member: DenialMember): Promise<void> {
    for (let beatAt = 0; member.ended === null;) {
      try {
        if (await this.sendNext(member)) continue;
      } catch (error) {
        if (!this.readsFail) this.logger.warn({ msg: 'cannot read denials; their streams wait', err: String(error) });
        this.readsFail = true;
        await member.wakes.pause(RETRY_MS);
        continue;
      }
      const now = Date.now();
      if (performance.now() >= beatAt) {
        const at = new Date(now).toISOString();
        await member.sendAndWait(frame('heartbeat', { at }, eventId(member.position, now)));
        beatAt = performance.now() + this.limits.heartbeatMs;
      }
      await member.wakes.wait(Math.max(0, beatAt - performance.now()));
    }
  }

  private async sendNext(member: DenialMember): Promise<boolean> {
    const { tenantId, smtpUserId } = member.scope;
    const { denials, upTo } = await this.pageBehind(tenantId, member.position);
    this.readsFail = false;
    if (upTo === member.position) return false;
    const now = Date.now();
    const shown = denials.filter(({ denial }) => smtpUserId === null || denial.smtpUserId === smtpUserId);
    await member.sendAndWait(
      Buffer.concat(shown.map(({ denial, position }) => frame('denial', denial, eventId(position, now)))),
    );
    member.position = upTo;
    return true;
  }

  private pageBehind(tenantId: TenantId, position: StreamPosition): Promise<ArrivalPage> {
    const key = `${tenantId}/${position.arrival}-${position.offset}`;
    const known = this.reading.get(key);
    if (known) return known;
    const page = this.reads
      .run(() => readArrivals(this.dataSource, tenantId, position))
      .finally(() => this.reading.delete(key));
    this.reading.set(key, page);
    return page;
  }
}

function frame(event: string, data: object, id: string): Buffer {
  return Buffer.from(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
}
