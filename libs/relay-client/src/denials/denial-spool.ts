import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { DenialReport } from '@postern/contracts';
import { describe } from '../control-plane.js';
import type { Settings } from '../settings.js';
import { SpoolFile } from './spool-file.js';
import type { SpoolLine } from './spool-file.js';

/** Outdated lines that the file may have before it is compacted: about 50 MB. */
const LINES_LEFT = 10_000;
const ALARM_MS = 10_000;
const COMPACT_AGAIN_MS = 60_000;

interface Waiting {
  readonly report: DenialReport;
  /** Its count still grows, so it is not sent yet. */
  readonly counting: boolean;
}

/**
 * Denials that the control plane has not acknowledged: in memory and, with `dataDir`, in a file. Records that arrive during a write share
 * the next one, with one fsync. In a flood, each write has one line with the count so far, so a killed process loses no answered login. The
 * count is final before a record is sent, so nothing is counted twice. While the disk cannot be written, denials are sent from memory.
 */
export class DenialSpool {
  damaged = 0;

  private readonly waiting = new Map<string, Waiting>();
  /** Ids whose last state (a new record, a higher count, or the removal) is not in the file. */
  private unwritten = new Set<string>();
  private beingWritten: ReadonlySet<string> = new Set();
  /** Ids of the records in the file, maybe with a lower count. */
  private inFile = new Set<string>();
  private writing: Promise<void> = Promise.resolve();
  private nextWriting: Promise<void> | null = null;
  private file: SpoolFile | null = null;
  private closed = false;
  private lastAlarmAt = Number.NEGATIVE_INFINITY;
  private compactionFailedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly settings: Pick<Settings, 'dataDir' | 'maxDenials' | 'elapsed' | 'onProblem'>) {}

  get size(): number {
    return this.waiting.size;
  }

  get unsaved(): number {
    if (this.file === null) return this.waiting.size;
    return [...this.waiting.keys()].filter((id) => this.unwritten.has(id) || this.beingWritten.has(id)).length;
  }

  async open(): Promise<void> {
    const { dataDir, onProblem } = this.settings;
    if (dataDir === null) return;
    const file = new SpoolFile(join(dataDir, 'denials'));
    const { records, damaged } = await file.read();
    for (const report of records) this.waiting.set(report.id, { report, counting: false });
    this.inFile = new Set(this.waiting.keys());
    this.file = file;
    this.damaged = damaged;
    if (damaged === 0) return;
    onProblem({
      code: 'denial-dropped',
      detail: `${damaged} lines of the denial spool in ${dataDir} are damaged, and are left out.`,
    });
    await file.replace(records).catch((error: unknown) => this.alarm(error));
  }

  /** Stores a record or replaces the one with its id. Does not wait. Returns false if there is no room. */
  put(report: DenialReport, counting = false): boolean {
    const before = this.waiting.get(report.id);
    if (this.closed || (before === undefined && this.waiting.size >= this.settings.maxDenials)) return false;
    this.waiting.set(report.id, { report, counting });
    if (before?.report !== report) this.write(report.id);
    return true;
  }

  /** Resolves when everything put before is on disk, or the write has failed. */
  async saved(): Promise<void> {
    await (this.nextWriting ?? this.writing);
  }

  /** The oldest records that are ready to be sent. They stay in the spool. */
  async peek(limit: number): Promise<readonly DenialReport[]> {
    // Also retries a failed write.
    if (this.unwritten.size > 0) this.write();
    await this.saved();
    const oldest: DenialReport[] = [];
    for (const { report, counting } of this.waiting.values()) {
      if (oldest.length >= limit) break;
      if (!counting) oldest.push(report);
    }
    return oldest;
  }

  acknowledge(ids: readonly string[]): void {
    for (const id of ids) {
      this.waiting.delete(id);
      this.write(id);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.unwritten.size > 0) this.write();
    await this.saved();
    await this.file?.close();
    if (this.unsaved === 0) return;
    const detail = `${this.unsaved} denials were neither sent nor saved, and are lost with this process.`;
    this.settings.onProblem({ code: 'denial-dropped', detail });
  }

  private write(id?: string): void {
    if (this.file === null) return;
    const { file } = this;
    if (id !== undefined) this.unwritten.add(id);
    this.nextWriting ??= this.writing.then(() => this.writeAll(file));
  }

  private async writeAll(file: SpoolFile): Promise<void> {
    // All records of this turn of the event loop share one write.
    await setImmediate();
    this.writing = this.nextWriting ?? this.writing;
    this.nextWriting = null;
    const ids = this.unwritten;
    this.unwritten = new Set();
    this.beingWritten = ids;
    try {
      if (this.waiting.size === 0) {
        await file.clear();
        this.inFile.clear();
      } else if (!(await this.compact(file))) await this.append(file, ids);
    } catch (error) {
      // These are older than the ids that arrived during the write.
      this.unwritten = new Set([...ids, ...this.unwritten]);
      this.alarm(error);
    }
    this.beingWritten = new Set();
  }

  private async append(file: SpoolFile, ids: ReadonlySet<string>): Promise<void> {
    const lines: SpoolLine[] = [];
    for (const id of ids) {
      const report = this.waiting.get(id)?.report;
      // A record that was acknowledged before it was written needs no removal.
      if (report !== undefined || this.inFile.has(id)) lines.push(report ?? { id });
    }
    if (lines.length > 0) await file.append(lines);
    for (const line of lines) {
      if ('username' in line) this.inFile.add(line.id);
      else this.inFile.delete(line.id);
    }
  }

  /** Compacts the file if it is due. False: not due, or no disk space for a second file; an append may still fit. */
  private async compact(file: SpoolFile): Promise<boolean> {
    const { elapsed, onProblem } = this.settings;
    if (file.lines <= 2 * this.waiting.size + LINES_LEFT) return false;
    if (elapsed() - this.compactionFailedAt < COMPACT_AGAIN_MS) return false;
    const all = [...this.waiting.values()].map(({ report }) => report);
    try {
      await file.replace(all);
    } catch (error) {
      this.compactionFailedAt = elapsed();
      const detail = `The denial spool cannot be compacted, so it grows. Make room on its disk: ${describe(error)}`;
      onProblem({ code: 'denials-not-saved', detail });
      return false;
    }
    this.inFile = new Set(all.map(({ id }) => id));
    return true;
  }

  private alarm(error: unknown): void {
    const { elapsed, onProblem } = this.settings;
    if (elapsed() - this.lastAlarmAt < ALARM_MS) return;
    this.lastAlarmAt = elapsed();
    onProblem({
      code: 'denials-not-saved',
      detail: `${this.unsaved} denials wait in memory only, and are lost if this process ends: ${describe(error)}`,
    });
  }
}
