import type { OutgoingHttpHeaders } from 'node:http';
import { Inject, Injectable, Logger, Module, Optional } from '@nestjs/common';
import { CqrsModule, QueryBus } from '@nestjs/cqrs';
import { KeyWatch } from '@postern/access';
import type { Page } from '@postern/contracts';
import { principalOf, Problem } from '@postern/http';
import { counter, gauge } from '@postern/observe';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { exportFormat, typeOf, type ExportFormat } from './export-formats.js';
import { DEFAULT_EXPORT_LIMITS, EXPORT_LIMITS, type ExportLimits, ExportSlots } from './export-limits.js';
import type { ListDefinition, ListQuery } from './list.js';
import { openCursor, type PageParams } from './page.js';
import {
  cutOff,
  endComplete,
  KeyRevoked,
  ReaderGone,
  unlessRevoked,
  writeAll,
  type Reader,
} from './write-to-reader.js';

export const exportsRunning = gauge('postern_exports_running', 'Exports (NDJSON, CSV) that are being sent');

export const exportsEnded = counter(
  'postern_exports_total',
  'Exports that ended: whole, failed, left by their reader, dropped since the reader took nothing (stalled), or cut off since their key was revoked (key-revoked)',
  ['format', 'end'],
);

type List<Item extends object> = ListDefinition<Item, z.ZodRawShape> & { readonly columns: readonly string[] };

/** Reads a page. Consecutive pages must have everything that existed at the beginning, with nothing held in between. */
type Read<Item> = (asked: Pick<PageParams, 'limit' | 'cursor'>) => Promise<Page<Item>>;

/** How long the reader of a revoked key may read what was already written. */
const REVOKED_GRACE_MS = 1_000;

/** Answers lists: a page as JSON, or by `?format=` or `Accept` everything from `?cursor=` on as NDJSON or CSV. */
@Injectable()
export class ListAnswers {
  private readonly logger = new Logger('exports');
  private readonly limits: ExportLimits;
  private readonly turns: ExportSlots;

  constructor(
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(KeyWatch) private readonly keys: KeyWatch,
    @Optional() @Inject(EXPORT_LIMITS) limits: Partial<ExportLimits> | undefined,
  ) {
    this.limits = { ...DEFAULT_EXPORT_LIMITS, ...limits };
    this.turns = new ExportSlots(this.limits);
  }

  /**
   * @throws the errors of the first page's query, and `too-many-requests`. A later failure is written into the last
   * line, and the connection is cut.
   * @param queryOf the query of a page; an export runs one after the other
   */
  async answer<Item extends object, Asked extends PageParams>(
    reply: FastifyReply,
    list: List<Item>,
    asked: Asked,
    queryOf: (asked: Asked) => ListQuery<Item, unknown, Asked>,
  ): Promise<void> {
    const { request } = reply;
    const query = request.query as { bom?: string; format?: 'json' | 'ndjson' | 'csv' };
    const type = typeOf(query.format, request.headers.accept);
    const read: Read<Item> = (page) => this.queries.execute(queryOf({ ...asked, ...page }));
    if (type === 'application/json') {
      const answer = await read(asked);
      // If the read was late, its deadline has answered.
      return void (reply.sent || reply.header('vary', 'accept').send(answer));
    }
    refuseLimit(request);
    const format = exportFormat(type, list.columns, query.bom === 'true');
    const principal = principalOf(request);
    const endTurn = this.turns.take(principal.actor.keyId);
    exportsRunning.inc();
    const revocation = new AbortController();
    const endWatch = this.keys.watch(principal, () => revocation.abort());
    try {
      const headOnly = request.method === 'HEAD';
      const first = await read({ limit: headOnly ? 1 : this.limits.pageRows, cursor: asked.cursor });
      if (reply.sent) return;
      void reply.headers({ 'content-type': format.contentType, vary: 'accept' });
      if (format.name === 'csv') void reply.header('content-disposition', `attachment; filename="${list.name}.csv"`);
      const response = reply.hijack().raw;
      response.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
      if (headOnly) return void response.end();
      const reader = { response, stalledMs: this.limits.stalledMs, revoked: revocation.signal };
      const { csvRow } = list;
      const lines = (items: readonly Item[]) =>
        format.lines(format.name === 'csv' && csvRow ? items.map(csvRow) : items);
      await this.send(reader, request.id, format, lines, first, read);
    } finally {
      endWatch();
      endTurn();
      exportsRunning.dec();
    }
  }

  private async send<Item>(
    reader: Reader,
    requestId: string,
    format: ExportFormat,
    lines: (items: readonly Item[]) => string,
    first: Page<Item>,
    read: Read<Item>,
  ): Promise<void> {
    const { response } = reader;
    const deadline = performance.now() + this.limits.totalMs;
    let rows = 0;
    let nextCursor: string | null = null;
    const end = (how: string): void => exportsEnded.inc({ format: format.name, end: how });
    const incomplete = (what: string, next: string): string => {
      const message = `${what} broke off after ${rows} rows and is not complete. ${next}`;
      return format.failure(new Problem('export-incomplete', message, { extra: { rows, nextCursor } }), requestId);
    };
    try {
      await writeAll(reader, format.head);
      for (let page = first; ;) {
        await writeAll(reader, lines(page.items));
        rows += page.items.length;
        nextCursor = page.nextCursor;
        if (nextCursor === null) break;
        if (performance.now() > deadline) throw new Error(`It takes longer than ${this.limits.totalMs / 1_000} s.`);
        page = await unlessRevoked(reader, read({ limit: this.limits.pageRows, cursor: openCursor(nextCursor) }));
      }
      await endComplete(reader);
      end('whole');
    } catch (error) {
      if (error instanceof ReaderGone) {
        this.logger.log({ msg: 'the reader of an export is gone', why: error.why, rows, requestId });
        end(error.why);
      } else if (error instanceof KeyRevoked) {
        this.logger.log({ msg: 'the key of an export was revoked', rows, requestId });
        end('key-revoked');
        const line = incomplete(
          'The API key was revoked, or the session ended: the export',
          'Ask for it again with another key or session.',
        );
        if (!response.writableEnded) response.write(line);
        cutOff(response, REVOKED_GRACE_MS);
      } else {
        this.logger.error({ msg: 'an export broke off', rows, requestId, err: error });
        end('failed');
        const rest = nextCursor === null ? 'Ask for it again' : `Ask for the rest with ?cursor=${nextCursor}`;
        const line = incomplete('The export', `${rest}; if it fails again, give support the request id.`);
        await writeAll(reader, line).catch(() => null);
        cutOff(response, this.limits.stalledMs);
      }
    }
  }
}

/** A `limit` left in a script's URL would make a short file that looks complete. */
function refuseLimit(request: FastifyRequest): void {
  if (!Object.hasOwn(request.query as object, 'limit')) return;
  const detail =
    'NDJSON and CSV give the complete list: leave limit out, or ask for pages with Accept: application/json.';
  throw new Problem('validation-failed', `?limit: ${detail}`, {
    errors: [{ pointer: '?limit', code: 'validation-failed', detail }],
  });
}

@Module({ imports: [CqrsModule], providers: [ListAnswers], exports: [ListAnswers] })
export class ListAnswersModule {}
