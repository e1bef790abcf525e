/**
 * Names a worker that the others wait for: a pure reducer over the times that each reports of its steps. What
 * is compared is the time for a position, since shares may differ by a micro-batch.
 */
import type { JsonObject, JsonValue } from '../core/json.ts';
import { median } from '../core/median.ts';

/** Steps that are looked at together; their medians forgive a single pause. */
const WINDOW = 20;
/** Multiples of the others' time: a worker is slow from the first on, and no longer slow below the second. */
const SLOW = 1.5;
const RECOVERED = 1.2;

export interface StragglersState {
  /** Each step since the last look: the times of all workers, in order of rank. */
  readonly steps: readonly (readonly StepTimes[])[];
  /** Rank that was named, until it is no longer slow. */
  readonly named: number | null;
}

/** Milliseconds of one step of one worker. */
export interface StepTimes {
  readonly data: number;
  readonly compute: number;
  readonly exchange: number;
  readonly apply: number;
  readonly positions: number;
}

export const NO_STRAGGLERS: StragglersState = { steps: [], named: null };

/**
 * @param reports of one step, in order of rank
 * @param workers the slots of the ranks, by which workers are named
 * @returns the next state, and the warning that is due, if any
 */
export function reduceStragglers(
  state: StragglersState,
  reports: readonly JsonObject[],
  workers: readonly number[],
): { readonly state: StragglersState; readonly warning: string } {
  const times = reports.map(timesOf).filter((one) => one !== null);
  if (times.length < 2 || times.length < reports.length) return { state, warning: '' };
  // Another number of ranks is another generation, whose shares are others.
  const isSame = (state.steps[0]?.length ?? times.length) === times.length;
  const { named, steps: before } = isSame ? state : NO_STRAGGLERS;
  const steps = [...before, times];
  if (steps.length < WINDOW) return { state: { steps, named }, warning: '' };
  const costs = times.map((_, rank) => median(steps.map((step) => costOfPosition(step[rank]!))));
  const slowest = costs.indexOf(Math.max(...costs));
  const factor = costs[slowest]! / median(costs.filter((_, rank) => rank !== slowest));
  if (factor < RECOVERED) return { state: NO_STRAGGLERS, warning: '' };
  if (factor < SLOW || named === slowest) return { state: { steps: [], named }, warning: '' };
  const ofSlowest = steps.map((step) => step[slowest]!);
  const warning = describe(workers[slowest] ?? slowest, ofSlowest, factor);
  return { state: { steps: [], named: slowest }, warning };
}

/** What a worker does by itself; in the exchange it waits for the others. */
function costOfPosition({ data, compute, apply, positions }: StepTimes): number {
  return (data + compute + apply) / positions;
}

function describe(worker: number, steps: readonly StepTimes[], factor: number): string {
  const ms = (part: Exclude<keyof StepTimes, 'positions'>) =>
    `${part} ${median(steps.map((step) => step[part])).toFixed(0)}`;
  const parts = [ms('data'), ms('compute'), ms('exchange'), ms('apply')].join(', ');
  return `worker ${worker} takes ${factor.toFixed(1)} times as long for a position as the others, which wait for it (median of ${WINDOW} steps, ms: ${parts})`;
}

/** Null where a report has no times. */
export function timesOf({ timings, positions }: JsonObject): StepTimes | null {
  if (typeof positions !== 'number' || positions <= 0 || !isObject(timings)) return null;
  const { dataMs, computeMs, exchangeMs, applyMs } = timings;
  const [data, compute, exchange, apply] = [dataMs, computeMs, exchangeMs, applyMs].map((value) =>
    typeof value === 'number' ? value : Number.NaN,
  ) as [number, number, number, number];
  const isComplete = [data, compute, exchange, apply].every(Number.isFinite);
  return isComplete ? { data, compute, exchange, apply, positions } : null;
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
