/** What a simulated run computes, and the limits that its coordinator keeps to. */
import type { RunPolicy } from '../../../src/coordinator/machine.ts';
import { QUIET_MS, SILENCE_MS } from '../../../src/protocol/timing.ts';
import type { SimulatedWork } from './process.ts';
import type { World } from './world.ts';

/** @param most steps beyond the fourth */
export function drawnWork(world: World, most: number): SimulatedWork {
  return {
    totalSteps: 4 + world.pick(most),
    microBatches: 1 + world.pick(7),
    length: [1, 17, 33, 100][world.pick(4)]!,
    smallFloats: [0, 2 ** 16][world.pick(2)]!,
    evaluateEvery: 1 + world.pick(4),
    saveEvery: 1 + world.pick(5),
    stepMs: 40,
  };
}

export function simulatedPolicy(
  { totalSteps }: SimulatedWork,
  own: Pick<RunPolicy, 'worldSize' | 'homeWorkers' | 'joinMs'>,
): RunPolicy {
  return {
    totalSteps,
    expected: {},
    minWorkers: 1,
    maxRestarts: 50,
    backoffMs: 100,
    healthyMs: 60_000,
    silenceMs: SILENCE_MS,
    quietMs: QUIET_MS,
    hangMs: 60_000,
    shortestHangMs: 30_000,
    ...own,
  };
}
