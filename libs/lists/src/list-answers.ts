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
import { KeyWatch } from '@postern/access';
import type { Page } from '@postern/contracts';
import { Documented, principalOf, Problem, type Documentation, type exported } from '@postern/http';
import { counter, gauge } from '@postern/observe';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mergeMap, type Observable } from 'rxjs';
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
  private readonly slots: ExportSlots;

  constructor(
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(KeyWatch) private readonly keys: KeyWatch,
    @Optional() @Inject(EXPORT_LIMITS) limits: Partial<ExportLimits> | undefined,
  ) {
    this.limits = { ...DEFAULT_EXPORT_LIMITS, ...limits };
    this.slots = new ExportSlots(this.limits);
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
    const format = exportFormat(type, list.columns, bom === 'true');
    const principal = principalOf(request);
    const freeSlot = this.slots.take(principal.actor.keyId);
    exportsRunning.inc();
    const revocation = new AbortController();
    const endWatch = this.keys.watch(principal, () => revocation.abort());
    try {
      const headOnly = request.method === 'HEAD';
      const first = await read({ limit: headOnly ? 1 : this.limits.pageRows, cursor: query.params.cursor });
      if (reply.sent) return undefined;
      list.checkExport?.(first, query.params);
      void reply.headers({ 'content-type': format.contentType, vary: 'accept' });
      if (format.name === 'csv') void reply.header('content-disposition', `attachment; filename="${list.name}.csv"`);
      const response = reply.hijack().raw;
      response.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
      if (headOnly) {
        response.end();
        return undefined;
      }
      const reader = { response, stalledMs: this.limits.stalledMs, revoked: revocation.signal };
      const { csvRow } = list;
      const lines = (items: readonly Item[]) =>
        format.lines(format.name === 'csv' && csvRow ? items.map(csvRow) : items);
      await this.send(reader, request.id, format, lines, first, read);
      return undefined;
    } finally {
      endWatch();
      freeSlot();
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
          'Read it again with another key or session.',
        );
        if (!response.writableEnded) response.write(line);
        cutOff(response, REVOKED_GRACE_MS);
      } else {
        this.logger.error({ msg: 'an export broke off', rows, requestId, err: error });
        end('failed');
        const rest = nextCursor === null ? 'Read it again' : `Read the rest with ?cursor=${nextCursor}`;
        const line = incomplete('The export', `${rest}. If it fails again, give support the request id.`);
        await writeAll(reader, line).catch(() => null);
        cutOff(response, this.limits.stalledMs);
      }
    }
  }
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
