import type { Page } from '@postern/contracts';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Counter, Gauge } from 'prom-client';
import { metrics } from '@postern/observe';
import { Inject, Injectable, Logger, Optional, Module } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bearerToken, preferredType, principalOf, Problem } from '@postern/http';
import { KeyWatch } from '@postern/access';
import { openCursor, type PageRequest } from './page.js';
import { exportFormat, LIST_TYPES, type ExportFormat } from './export-formats.js';
import { DEFAULT_EXPORT_LIMITS, EXPORT_LIMITS, type ExportLimits, ExportTurns } from './export-limits.js';
import { cutOff, endWhole, KeyRevoked, ReaderGone, writeWhole, type Patience } from './write-to-reader.js';

const registers = [metrics];

export const exportsRunning = new Gauge({
  name: 'postern_exports_running',
  help: 'Exports (NDJSON, CSV) that are being sent',
  registers,
});

export const exportsEnded = new Counter({
  name: 'postern_exports_total',
  help: 'Exports that ended: whole, failed, left by their reader, dropped since the reader took nothing (stalled), or cut off since their key was revoked (key-revoked)',
  labelNames: ['format', 'end'],
  registers,
});

/** A list that can be answered page by page or whole. */
export interface AnswerableList<Item extends object> {
  /** Of the file that it is saved as: `denials`. */
  readonly name: string;
  /** Of CSV: members of an item, `actor.name` for a member's member. */
  readonly columns: readonly string[];
  /** What stands in a row of CSV, where it is not the item itself. */
  csvRow?(item: Item): object;
  /** One page behind the other must be all that was there at the beginning, with nothing held in between. */
  read(page: PageRequest): Promise<Page<Item>>;
}

interface Export {
  readonly response: ServerResponse;
  readonly format: ExportFormat;
  readonly requestId: string;
  readonly patience: Patience;
}

/** Answers lists: a page as JSON, or where `Accept` asks for NDJSON or CSV the whole from `?cursor=` on, as a stream. */
@Injectable()
export class ListAnswers {
  private readonly logger = new Logger('exports');
  private readonly limits: ExportLimits;
  private readonly turns: ExportTurns;

  constructor(
    @Inject(KeyWatch) private readonly keys: KeyWatch,
    @Optional() @Inject(EXPORT_LIMITS) limits: Partial<ExportLimits> | undefined,
  ) {
    this.limits = { ...DEFAULT_EXPORT_LIMITS, ...limits };
    this.turns = new ExportTurns(this.limits);
  }

  /**
   * Throws what `read` throws for the first page, and `too-many-requests`. What fails later stands in the last line, and
   * the connection is cut.
   */
  async answer<Item extends object>(
    request: FastifyRequest,
    reply: FastifyReply,
    page: PageRequest,
    list: AnswerableList<Item>,
  ): Promise<void> {
    void reply.header('vary', 'accept');
    const type = preferredType(request.headers.accept, LIST_TYPES);
    if (type === 'application/json') {
      const answer = await list.read(page);
      // Where the read came after its deadline, that was answered.
      return void (reply.sent || reply.send(answer));
    }
    refuseLimit(request);
    const format = exportFormat(type, list.columns, (request.query as { bom?: string }).bom === 'true');
    const endTurn = this.turns.take(principalOf(request).actor.keyId);
    exportsRunning.inc();
    const revocation = new AbortController();
    const endWatch = this.keys.watch(bearerToken(request) ?? '', () => revocation.abort());
    try {
      const headOnly = request.method === 'HEAD';
      const first = await list.read({ limit: headOnly ? 1 : this.limits.pageRows, after: page.after });
      if (reply.sent) return;
      void reply.header('content-type', format.contentType);
      if (format.name === 'csv') void reply.header('content-disposition', `attachment; filename="${list.name}.csv"`);
      const response = reply.hijack().raw;
      response.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
      if (headOnly) return void response.end();
      const patience = { stalledMs: this.limits.stalledMs, revoked: revocation.signal };
      await this.send({ response, format, requestId: request.id, patience }, first, list);
    } finally {
      endWatch();
      endTurn();
      exportsRunning.dec();
    }
  }

  private async send<Item extends object>(to: Export, first: Page<Item>, list: AnswerableList<Item>): Promise<void> {
    const { response, format, requestId, patience } = to;
    const { csvRow } = list;
    const rows = (items: readonly Item[]): readonly object[] =>
      format.name === 'csv' && csvRow ? items.map(csvRow) : items;
    const end = (how: string): void => exportsEnded.inc({ format: format.name, end: how });
    const deadline = performance.now() + this.limits.totalMs;
    let sent: Sent = { rows: 0, nextCursor: null };
    try {
      await writeWhole(response, format.head, patience);
      for (let page = first; ;) {
        await writeWhole(response, format.lines(rows(page.items)), patience);
        sent = { rows: sent.rows + page.items.length, nextCursor: page.nextCursor };
        if (page.nextCursor === null) break;
        if (performance.now() > deadline) throw new Error(`It takes longer than ${this.limits.totalMs / 1_000} s.`);
        const next = list.read({ limit: this.limits.pageRows, after: openCursor(page.nextCursor) });
        page = await unlessRevoked(next, patience.revoked);
      }
      await endWhole(response, patience);
      end('whole');
    } catch (error) {
      if (error instanceof ReaderGone) {
        this.logger.log({ msg: 'the reader of an export is gone', why: error.why, rows: sent.rows, requestId });
        return end(error.why);
      }
      if (error instanceof KeyRevoked) {
        this.logger.log({ msg: 'the key of an export was revoked', rows: sent.rows, requestId });
        end('key-revoked');
        if (!response.writableEnded) response.write(format.failure(keyRevoked(sent), requestId));
        return cutOff(response, REVOKED_GRACE_MS);
      }
      this.logger.error({ msg: 'an export broke off', rows: sent.rows, requestId, err: error });
      end('failed');
      await writeWhole(response, format.failure(brokenOff(sent), requestId), patience).catch(() => null);
      cutOff(response, this.limits.stalledMs);
    }
  }
}

/** How long the reader of a revoked key may take what was written for it already. */
const REVOKED_GRACE_MS = 1_000;

/** The work's result. Throws `KeyRevoked` as soon as the key is revoked; the work then ends by its own time-outs. */
async function unlessRevoked<T>(work: Promise<T>, revoked: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(new KeyRevoked());
  revoked.addEventListener('abort', stop);
  try {
    if (revoked.aborted) stop();
    return await Promise.race([work, promise]);
  } finally {
    revoked.removeEventListener('abort', stop);
  }
}

interface Sent {
  readonly rows: number;
  readonly nextCursor: string | null;
}

function brokenOff({ rows, nextCursor }: Sent): Problem {
  const rest = nextCursor === null ? 'Ask for it again' : `Ask for the rest with ?cursor=${nextCursor}`;
  const detail = `The export broke off after ${rows} rows and is not complete. ${rest}; if it fails again, give support the request id.`;
  return new Problem('export-incomplete', detail, { extra: { rows, nextCursor } });
}

function keyRevoked({ rows, nextCursor }: Sent): Problem {
  const detail = `The API key was revoked: the export broke off after ${rows} rows and is not complete. Ask for it again with another key.`;
  return new Problem('export-incomplete', detail, { extra: { rows, nextCursor } });
}

/** A cap that was left in a script's URL would make a short file that looks like a whole one. */
function refuseLimit(request: FastifyRequest): void {
  if (!Object.hasOwn(request.query as object, 'limit')) return;
  const detail = 'NDJSON and CSV give the whole list: leave limit out, or ask for pages with Accept: application/json.';
  throw new Problem('validation-failed', `?limit: ${detail}`, {
    errors: [{ pointer: '?limit', code: 'validation-failed', detail }],
  });
}

/** For every service with lists: imported by several in one process, they share its limits. */
@Module({ providers: [ListAnswers], exports: [ListAnswers] })
export class ListAnswersModule {}
