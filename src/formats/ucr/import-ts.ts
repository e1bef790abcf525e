/** Imports .ts files of the UCR and UEA archives, as sktime and aeon write them. */
import { basename } from 'node:path';
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import { RoundedInteger } from '../../core/exact-integer.ts';
import type { ImportItem } from '../../data/record.ts';
import { defineImporter } from '../../source/define-importer.ts';
import { contentName } from '../../source/file/compressed.ts';
import { linesOf, readText } from '../../source/file/read-text.ts';
import { sourceError } from '../../source/file/source-error.ts';
import { interleaved, UNEVEN } from '../../source/table/interleave.ts';
import { lineError } from '../../source/table/table-columns.ts';
import { parseNumber, parseSeries } from './series.ts';
import { parseStamped, stampedFields } from './stamped-series.ts';
import { type TsHeader, TsHeaderReader } from './ts-header.ts';

export const tsImporter = defineImporter({
  kind: 'ts',
  options: z.object({}),
  accepts: (path) => /\.ts$/i.test(contentName(path)),
  records: importTs,
});

/**
 * Yields a record a line. Its class or target comes from the line, as the header says.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID, which names the line
 */
async function* importTs(path: string): AsyncGenerator<ImportItem> {
  const reader = new TsHeaderReader();
  let lines: TsLines | undefined;
  let line = 0;
  for await (const text of linesOf(readText(path))) {
    line++;
    if (text.trim() === '' || text.startsWith('#')) continue;
    try {
      if (lines !== undefined) yield lines.item(text, `${basename(path)}:${line}`);
      else {
        const header = reader.add(text);
        if (header !== undefined) lines = new TsLines(header);
      }
    } catch (cause) {
      if (cause instanceof LockstepError) throw cause;
      const advice = cause instanceof RoundedInteger ? cause.advice : undefined;
      throw lineError(path, line, (cause as Error).message, { cause, advice });
    }
  }
  if (lines === undefined) throw sourceError(path, 'it is no .ts file: it has no line "@data"');
}

/** Turns lines into records. */
class TsLines {
  readonly #header: TsHeader;
  /** Timesteps that every sequence must have. */
  #length: number | undefined;

  constructor(header: TsHeader) {
    this.#header = header;
    if (header.length !== 'first') this.#length = header.length;
  }

  /** Missing values at the end pad short sequences. */
  item(text: string, id: string): ImportItem {
    const { last, classes, dimensions, hasTimes } = this.#header;
    const fields = hasTimes ? stampedFields(text) : text.split(':');
    const end = last === 'values' ? undefined : fields.pop()!.trim();
    if (fields.length === 0) throw new Error('it has no values');
    if (dimensions !== undefined && fields.length !== dimensions) {
      throw new Error(`it has ${fields.length} channels instead of ${dimensions}`);
    }
    const { series, areTimesUneven } = hasTimes
      ? parseStamped(fields)
      : { series: fields.map(parseSeries), areTimesUneven: false };
    const values = interleaved(series);
    if (values === UNEVEN) return { id, skipped: 'uneven-channels' };
    this.#checkLength(series[0]!.length);
    const label = last === 'class' ? className(end!, classes) : undefined;
    const targets = last === 'target' ? [parseNumber(end!)] : undefined;
    if (targets?.some(Number.isNaN)) return { id, skipped: 'partial-target' };
    const channels = fields.length;
    return {
      ...{ id, values, isPadded: true, label },
      ...(channels > 1 && { channels }),
      ...(targets && { targets }),
      ...(areTimesUneven && { hasUnevenTimes: true }),
    };
  }

  /** A header that promises equal lengths shows what was cut off. */
  #checkLength(length: number): void {
    if (this.#header.length === 'first') this.#length ??= length;
    if (this.#length === undefined || length === this.#length) return;
    throw new Error(
      `it has ${length} timesteps instead of ${this.#length}, and the header has @equalLength true`,
    );
  }
}

function className(text: string, classes: ReadonlySet<string>): string | undefined {
  if (text === '' || text === '?') return undefined;
  if (classes.size === 0 || classes.has(text)) return text;
  const names = [...classes].slice(0, 10).join(', ');
  throw new Error(`class "${text}" is none of the header's (${names})`);
}
