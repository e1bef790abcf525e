/** What a killed coordinator wrote into the metrics and its journal lacks: its successor must not write it again. */
import type { Journal } from '../../coordinator/succession.ts';
import type { CoordinatorEvent } from '../../telemetry/coordinator-event.ts';

/** So many steps, at most, can be told at once. */
const STEPS_AT_ONCE = 3;

/**
 * Keys of the lines at the end of the metrics that `journal` does not have, as `keyOfEvent` makes them.
 * @param lines newest first
 * @param journal null where none has come: of the newest lines, those that one that was just begun may have written
 */
export function recordedBefore(
  lines: readonly Readonly<Record<string, unknown>>[],
  journal: Pick<Journal, 'closed' | 'told'> | null,
): Set<string> {
  const newest = Number(lines[0]?.step ?? 0);
  const { closed, told } = journal ?? { closed: Math.max(0, newest - STEPS_AT_ONCE), told: [] };
  const isNewer = ({ kind, step }: Readonly<Record<string, unknown>>) => {
    const at = Number(step);
    if (at > closed + STEPS_AT_ONCE) return false;
    return kind === 'step' ? at > closed : at >= closed && !told.includes(`${at} ${String(kind)}`);
  };
  const end = lines.findIndex((line) => !isNewer(line));
  const newer = end === -1 ? lines : lines.slice(0, end);
  return new Set(newer.map(({ kind, step }) => `${Number(step)} ${String(kind)}`));
}

/** Number of the step and kind of the line that an event becomes; undefined for one without a line. */
export function keyOfEvent(event: CoordinatorEvent): string | undefined {
  if (event.kind === 'status') return undefined;
  if (event.kind === 'step') return `${event.step + 1} step`;
  return `${event.step} ${String(event.payload.kind)}`;
}
