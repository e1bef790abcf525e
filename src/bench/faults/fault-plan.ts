/** Which fault hits which worker, in which order: a pure function of the seed. */
import { randomStream } from '../../core/random.ts';
import { INJECTED, INJECTED_NAMES, type InjectedName } from './fault-kinds.ts';

/** A fault and the worker that it hits. */
export interface PlannedFault {
  readonly fault: InjectedName;
  readonly slot: number;
}

/** `count` faults: every kind once in random order, then again; each in a random worker. */
export function planFaults(count: number, workers: number, seed: number): PlannedFault[] {
  const random = randomStream(seed, 'synthetic');
  let draws = 0;
  const below = (limit: number) => random.integer(draws++, limit);
  const plan: PlannedFault[] = [];
  let left: InjectedName[] = [];
  while (plan.length < count) {
    if (left.length === 0) left = [...INJECTED_NAMES];
    const [fault] = left.splice(below(left.length), 1);
    plan.push({ fault: fault!, slot: below(workers) });
  }
  return plan;
}

/** Splits the plan into runs. A run ends with a fault after which it must end. */
export function inRuns(plan: readonly PlannedFault[]): PlannedFault[][] {
  const runs: PlannedFault[][] = [[]];
  for (const planned of plan) {
    runs.at(-1)!.push(planned);
    if (INJECTED[planned.fault].isLast) runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}
