/** The text of a CSV file, and what stands between its cells. */
import { readText } from '../../source/file/read-text.ts';
import type { Separator } from './csv-rows.ts';
import { type SeparatorOptions, separatorOf } from './csv-separator.ts';

/** What Excel takes from a first line of its own: `sep=;`. */
const SEPARATOR_LINE = /^("?)sep=(.)\1(?=[\r\n])/;

/**
 * Opens a file. A line `sep=;` at its start names the separator unless an option does; it is no row.
 * @throws LockstepError USAGE for a bad delimiter; and whatever `readText` throws, here and from `text`
 */
export async function dividedText(
  options: SeparatorOptions,
): Promise<{ text: AsyncIterable<Buffer>; separator: Separator }> {
  const chunks = readText(options.path);
  const { value: start = Buffer.alloc(0) } = (await chunks.next()) as { value?: Buffer };
  const [line, , named] = SEPARATOR_LINE.exec(start.toString('latin1', 0, 16)) ?? [''];
  const delimiter = options.delimiter ?? named;
  return {
    text: joined(start.subarray(line.length), chunks),
    separator: separatorOf({ path: options.path, delimiter }),
  };
}

/** What stays of the line is empty, so that later lines keep their numbers. */
async function* joined(
  start: Buffer,
  chunks: AsyncGenerator<Buffer>,
): AsyncGenerator<Buffer, void> {
  try {
    yield start;
    yield* chunks;
  } finally {
    await chunks.return(undefined);
  }
}
