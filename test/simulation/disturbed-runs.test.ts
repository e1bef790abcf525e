/**
 * Whole runs on a simulated network and clock, thousands of them, each disturbed as its seed says: the real
 * coordinator's machine, the real worker's session and exchange. The same seed gives the same run again:
 * `LOCKSTEP_SEED=17 node scripts/test.mjs test/simulation/disturbed-runs.test.ts`. `npm run test:simulation` runs
 * 10 000 seeds.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkQuality } from '../helper/simulation/network.ts';
import { undisturbedHash } from '../helper/simulation/process.ts';
import type { SimulatedEnd } from '../helper/simulation/simulate.ts';
import { BAD_NETWORK, GOOD_NETWORK, simulate } from '../helper/simulation/simulate.ts';

const SEEDS = Number(process.env.LOCKSTEP_SEEDS ?? 600);
const ONLY = process.env.LOCKSTEP_SEED;
const MOST_FAULTS = 7;

async function forEachSeed(
  seeds: number,
  quality: NetworkQuality,
  check: (end: SimulatedEnd) => void,
  homeWorkers = 0,
): Promise<{ restarts: number; setbacks: number; successions: number }> {
  const seen = { restarts: 0, setbacks: 0, successions: 0 };
  const list = ONLY === undefined ? [...Array(seeds).keys()] : [Number(ONLY)];
  for (const seed of list) {
    const end = await simulate(seed, { faults: seed % MOST_FAULTS, quality, homeWorkers });
    try {
      check(end);
    } catch (thrown) {
      if (ONLY !== undefined) for (const event of end.events) console.log(JSON.stringify(event));
      throw new Error(`seed ${seed}: ${String(thrown)}`, { cause: thrown });
    }
    seen.restarts += end.restarts;
    seen.setbacks += end.setbacks;
    seen.successions += end.successions;
  }
  return seen;
}

/** The run ended, all ranks agreed, and on the state of a run that nothing disturbed. */
function endsWithTheSameState({ outcome, work }: SimulatedEnd): void {
  assert.ok(outcome !== null, 'the run did not end within a simulated hour');
  assert.equal(outcome.kind, 'completed', outcome.reason);
  assert.equal(outcome.step, work.totalSteps);
  assert.equal(outcome.stateHash, undisturbedHash(work));
}

/**
 * Every step and every result is told once and in order, unless what was said of it got lost. Returns how many were
 * not told: their reports died with the coordinator and with all workers that had made them.
 */
function tellsEverythingOnce({ events, work, setbacks, cuts, successions }: SimulatedEnd): number {
  const steps = events.flatMap((event) => (event.kind === 'step' ? [event.step] : []));
  const turns = steps.filter((step, i) => i > 0 && step <= steps[i - 1]!);
  assert.ok(turns.length <= setbacks, `steps ${steps}`);
  if (setbacks > 0 || cuts > 0) return 0;
  const all = [...Array(work.totalSteps).keys()];
  const results = events.flatMap((event) => (event.kind === 'event' ? [event.step] : []));
  const due = all.map((step) => step + 1).filter((step) => step % work.evaluateEvery === 0);
  const untold = (told: readonly number[], of: readonly number[]) =>
    of.filter((step) => !told.includes(step));
  const missing = [untold(steps, all), untold(results, due)];
  if (successions === 0) assert.deepEqual(missing, [[], []]);
  assert.deepEqual(
    [steps, results],
    [all, due].map((list, i) => list.filter((step) => !missing[i]!.includes(step))),
  );
  return missing.flat().length;
}

test('workers and coordinators that are killed, stopped and cut off, on a network that loses nothing by itself', async () => {
  let missing = 0;
  const seen = await forEachSeed(SEEDS, GOOD_NETWORK, (end) => {
    endsWithTheSameState(end);
    missing += tellsEverythingOnce(end);
  });
  if (ONLY !== undefined) return;
  assert.ok(missing <= SEEDS / 500, `${missing} steps or results were not told`);
  assert.ok(seen.restarts > SEEDS && seen.setbacks > SEEDS / 10 && seen.successions > SEEDS / 4);
});

test('the same on a network that loses, repeats, reorders and damages messages', async () => {
  await forEachSeed(SEEDS / 2, BAD_NETWORK, endsWithTheSameState);
});

test('workers of which only one or two see the disk: the others neither read it nor save', async () => {
  for (const homeWorkers of [1, 2]) {
    const seen = await forEachSeed(SEEDS / 4, GOOD_NETWORK, endsWithTheSameState, homeWorkers);
    assert.ok(ONLY !== undefined || seen.setbacks > 0);
  }
});
