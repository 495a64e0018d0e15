import type { OutgoingHttpHeaders } from 'node:http';
import {
  applyDecorators,
  Inject,
  Injectable,
  Logger,
  Module,
  Optional,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { CqrsModule, QueryBus } from '@nestjs/cqrs';
import { countLimited, KeyWatch } from '@postern/access';
import type { Page } from '@postern/contracts';
import { Documented, principalOf, Problem, type Documentation, type exported, type Principal } from '@postern/http';
import { counter, gauge } from '@postern/observe';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mergeMap, type Observable } from 'rxjs';
import type { z } from 'zod';
import { exportFormat, typeOf, type ExportFormat } from './export-formats.js';
import type { ListDefinition, ListQuery } from './list.js';
import { openCursor, type PageParams } from './page.js';
import { cutOff, endComplete, writeAll, type Ending, type Reader } from './write-to-reader.js';

export const EXPORT_LIMITS = Symbol('export limits');

export type ExportLimits = Readonly<typeof DEFAULT_EXPORT_LIMITS>;

export const DEFAULT_EXPORT_LIMITS = {
  /** Each uses a database connection while it reads a page. */
  atOnce: 4,
  atOnceByKey: 2,
  /** A reader that does not take 64 KiB within this time is dropped. */
  stalledMs: 30_000,
  /** A longer export is cut off, with a last line that says so. */
  totalMs: 3_600_000,
  pageRows: 1_000,
};

const exportsRunning = gauge('postern_exports_running', 'Exports (NDJSON, CSV) that are being sent');

const exportsEnded = counter(
  'postern_exports_total',
  'Exports that ended: complete (whole), failed, left by their reader, dropped because the reader was too slow (stalled), or cut off because their key was revoked (key-revoked)',
  ['format', 'end'],
);

type List<Item extends object> = ListDefinition<Item, z.ZodRawShape> & {
  readonly columns: readonly string[];
  readonly answers: ReturnType<typeof exported>;
};

/** Consecutive pages must have everything that existed at the beginning. No transaction is open in between. */
type Read<Item> = (params: Pick<PageParams, 'limit' | 'cursor'>) => Promise<Page<Item>>;

const REVOKED_GRACE_MS = 1_000;

/** A page as JSON, or by `?format=` or `Accept` everything from `?cursor=` on as NDJSON or CSV. */
@Injectable()
export class ListAnswers {
  private readonly logger = new Logger('exports');
  private readonly limits: ExportLimits;
  private readonly running = new Set<Principal['actor']>();

  constructor(
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(KeyWatch) private readonly keys: KeyWatch,
    @Optional() @Inject(EXPORT_LIMITS) limits: Partial<ExportLimits> | undefined,
  ) {
    this.limits = { ...DEFAULT_EXPORT_LIMITS, ...limits };
  }

  /**
   * The page as JSON, for Nest to send; or undefined, after it has sent an export.
   * @throws the errors of the first page's query, and `too-many-requests`. A later failure is in the last line, and the connection is cut.
   */
  async answer<Item extends object>(
    reply: FastifyReply,
    list: List<Item>,
    query: ListQuery<Item, unknown, PageParams>,
  ): Promise<Page<Item> | undefined> {
    const { request } = reply;
    const { bom, format: requestedFormat } = request.query as { bom?: string; format?: 'json' | 'ndjson' | 'csv' };
    const type = typeOf(requestedFormat, request.headers.accept);
    const read: Read<Item> = (page) => this.queries.execute(query.of(page));
    if (type === 'application/json') {
      const page = await read(query.params);
      // If the read was late, its deadline has answered.
      if (!reply.sent) void reply.header('vary', 'accept');
      return page;
    }
    refuseLimit(request);
    const principal = principalOf(request);
    // Its own object for each export, which is its place in the set.
    const slot = { ...principal.actor };
    this.requireCapacity(slot);
    this.running.add(slot);
    exportsRunning.inc();
    const ending = new AbortController();
    const endWatch = this.keys.watch(principal, () => ending.abort('key-revoked' satisfies Ending));
    try {
      const headOnly = request.method === 'HEAD';
      const first = await read({ limit: headOnly ? 1 : this.limits.pageRows, cursor: query.params.cursor });
      if (reply.sent) return undefined;
      list.checkExport?.(first, query.params);
      const format = exportFormat(type, list.columns, bom === 'true');
      void reply.headers({ 'content-type': format.contentType, vary: 'accept' });
      if (format.name === 'csv') void reply.header('content-disposition', `attachment; filename="${list.name}.csv"`);
      const response = reply.hijack().raw;
      response.once('close', () => ending.abort('left' satisfies Ending));
      response.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
      if (headOnly) response.end();
      else
        await this.send({ response, stalledMs: this.limits.stalledMs, ending }, request.id, list, format, first, read);
      return undefined;
    } finally {
      endWatch();
      this.running.delete(slot);
      exportsRunning.dec();
    }
  }

  /** No export waits, because it might wait for an hour. */
  private requireCapacity({ keyId }: Principal['actor']): void {
    const { atOnce, atOnceByKey } = this.limits;
    const ofKey = [...this.running].filter((other) => other.keyId === keyId).length;
    if (ofKey < atOnceByKey && this.running.size < atOnce) return;
    countLimited('exports');
    throw new Problem(
      'too-many-requests',
      `This process sends at most ${atOnce} exports at once, and ${atOnceByKey} of one API key. Wait until one ends, or end one.`,
      { headers: { 'retry-after': '10' } },
    );
  }

  private async send<Item extends object>(
    reader: Reader,
    requestId: string,
    { csvRow }: List<Item>,
    format: ExportFormat,
    first: Page<Item>,
    read: Read<Item>,
  ): Promise<void> {
    const deadline = performance.now() + this.limits.totalMs;
    const ended = Promise.withResolvers<never>();
    ended.promise.catch(() => undefined);
    reader.ending.signal.addEventListener('abort', () => ended.reject(reader.ending.signal.reason));
    let rows = 0;
    let nextCursor: string | null = null;
    const end = (how: string): void => exportsEnded.inc({ format: format.name, end: how });
    try {
      await writeAll(reader, format.head);
      for (let page = first; ;) {
        await writeAll(reader, format.lines(format.name === 'csv' && csvRow ? page.items.map(csvRow) : page.items));
        rows += page.items.length;
        nextCursor = page.nextCursor;
        if (nextCursor === null) break;
        if (performance.now() > deadline) throw new Error(`It takes longer than ${this.limits.totalMs / 1_000} s.`);
        // A slow query does not delay the end of an export whose key was revoked.
        page = await Promise.race([
          read({ limit: this.limits.pageRows, cursor: openCursor(nextCursor) }),
          ended.promise,
        ]);
      }
      await endComplete(reader);
      end('whole');
    } catch (error) {
      const { response, ending, stalledMs } = reader;
      const why = ending.signal.aborted ? (ending.signal.reason as Ending) : 'failed';
      end(why);
      if (why === 'failed') this.logger.error({ msg: 'an export broke off', rows, requestId, err: error });
      else this.logger.log({ msg: 'an export was ended', why, rows, requestId });
      if (why === 'left' || why === 'stalled') return void response.destroy();
      const [what, next] =
        why === 'key-revoked'
          ? ['The API key was revoked, or the session ended: the export', 'Read it again with another key or session.']
          : ['The export', `${restAfter(nextCursor)}. If it fails again, give support the request id.`];
      const message = `${what} broke off after ${rows} rows and is not complete. ${next}`;
      const problem = new Problem('export-incomplete', message, { extra: { rows, nextCursor } });
      if (!response.writableEnded) response.write(format.failure(problem, requestId));
      cutOff(response, why === 'key-revoked' ? REVOKED_GRACE_MS : stalledMs);
    }
  }
}

function restAfter(cursor: string | null): string {
  return cursor === null ? 'Read it again' : `Read the rest with ?cursor=${cursor}`;
}

/** A `limit` left in a script's URL would make a short file that looks complete. */
function refuseLimit(request: FastifyRequest): void {
  if (!Object.hasOwn(request.query as object, 'limit')) return;
  const detail = 'NDJSON and CSV contain the complete list. Remove limit, or read pages with Accept: application/json.';
  throw new Problem('validation-failed', `?limit: ${detail}`, {
    errors: [{ pointer: '?limit', code: 'validation-failed', detail }],
  });
}

const lists = new WeakMap<object, List<object>>();

@Injectable()
class AnswersList implements NestInterceptor {
  constructor(@Inject(ListAnswers) private readonly answers: ListAnswers) {}

  intercept(context: ExecutionContext, next: CallHandler<ListQuery<object, unknown, PageParams>>): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const list = lists.get(context.getHandler()) as List<object>;
    return next.handle().pipe(mergeMap((query) => this.answers.answer(reply, list, query)));
  }
}

/** The method returns the `ListQuery` of the requested page. */
export function ListRoute<Item extends object>(list: List<Item>, documentation: Documentation): MethodDecorator {
  return applyDecorators(
    Documented({ ...documentation, ...list.answers }),
    UseInterceptors(AnswersList),
    (_: object, __: unknown, { value }: PropertyDescriptor) =>
      void lists.set(value as object, list as unknown as List<object>),
  );
}

@Module({ imports: [CqrsModule], providers: [ListAnswers], exports: [ListAnswers] })
export class ListAnswersModule {}
