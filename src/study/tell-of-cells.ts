/** Tells a person which runs of a grid begin and end. */
import { formatDuration } from '../core/format.ts';
import { meanOf } from '../statistics/mean.ts';
import { percent } from '../statistics/paired-difference.ts';
import type { GuardedHooks } from '../workflow/train/hooks.ts';
import { type CellResult, cellName } from './cell.ts';
import type { GridEvent } from './run-grid.ts';

/** @param words what came of a run */
export function tellOfCells<Result extends { readonly seconds: number }>(
  expected: number,
  { onEvent }: GuardedHooks,
  words: (result: Result) => string,
): (event: GridEvent<Result>) => void {
  const say = (text: string) => onEvent({ kind: 'status', text });
  const started = performance.now();
  let done = 0;
  return (event) => {
    const name = cellName(event.cell.key);
    if (event.kind === 'start') return say(`  ${name}: begun`);
    done++;
    const { result, skipped } = event;
    const how = skipped ? 'was done already' : `done in ${formatDuration(result.seconds)}`;
    const elapsed = formatDuration((performance.now() - started) / 1000);
    say(`[${done}/${expected}, ${elapsed}] ${name}: ${how}, ${words(result)}`);
  };
}

export function resultWords({ merit, measured }: CellResult): string {
  return `mean test ${merit} ${percent(meanOf(measured.map(({ test }) => test.value)))}`;
}
