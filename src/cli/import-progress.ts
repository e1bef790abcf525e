/** How far an import has come, on one line of a terminal. */
import { formatCount, formatDuration } from '../core/format.ts';
import type { ImportProgress } from '../importer/build/build-options.ts';

const EVERY_MS = 200;

/** The line at a time after the start, such as "reading: 12.3 k records, 4.1 k/s, 62 %, 0:03 left". */
export function importProgressLine(
  { stage, done, total, share = total && done / total }: ImportProgress,
  seconds: number,
): string {
  const parts = [`${stage}: ${formatCount(done)} records`];
  if (seconds > 0) parts.push(`${formatCount(done / seconds)}/s`);
  if (share !== undefined && share > 0) {
    const left = (seconds * (1 - share)) / share;
    parts.push(`${Math.floor(100 * share)} %`, `${formatDuration(left)} left`);
  }
  return parts.join(', ');
}

/** Shows progress on stderr, if it is a terminal; `clear` removes the line. */
export function importProgress(): {
  readonly onProgress: (progress: ImportProgress) => void;
  readonly clear: () => void;
} {
  if (!process.stderr.isTTY) return { onProgress: () => {}, clear: () => {} };
  let [stage, started, shown] = ['', 0, 0];
  return {
    onProgress: (progress) => {
      const now = performance.now();
      if (progress.stage !== stage) [stage, started] = [progress.stage, now];
      if (now - shown < EVERY_MS) return;
      shown = now;
      process.stderr.write(`\r\x1b[K${importProgressLine(progress, (now - started) / 1000)}`);
    },
    clear: () => process.stderr.write('\r\x1b[K'),
  };
}
