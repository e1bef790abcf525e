/**
 * Whole runs on several hosts, whose agents, workers and network are disturbed as a seed says: the real agent's and
 * coordinator's machines, the real worker's session and exchange. `LOCKSTEP_SEED=17 node scripts/test.mjs
 * test/simulation/several-hosts.test.ts` shows one; `npm run test:simulation` runs 10 000 seeds.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkQuality } from '../helper/simulation/network.ts';
import { undisturbedHash } from '../helper/simulation/process.ts';
import { BAD_NETWORK, GOOD_NETWORK } from '../helper/simulation/simulate.ts';
import {
  type PlannedRun,
  type SimulatedHostsEnd,
  simulateHosts,
} from '../helper/simulation/simulate-hosts.ts';

const SEEDS = Number(process.env.LOCKSTEP_SEEDS ?? 150);
const ONLY = process.env.LOCKSTEP_SEED;
const MOST_FAULTS = 6;

interface Seen {
  takeovers: number;
  /** Hosts that have left with notice. */
  departures: number;
  /** Runs that were saved and ended, since all hosts were told to stop. */
  drained: number;
}

/** What is wrong with how a run has ended. */
function assertSound({ outcome, work, splits }: SimulatedHostsEnd, kind: RegExp): void {
  assert.ok(outcome !== null, 'the run did not end within a simulated hour');
  assert.match(outcome.kind, kind, outcome.reason);
  if (outcome.kind === 'completed') assert.equal(outcome.step, work.totalSteps);
  const { step: totalSteps } = outcome;
  assert.equal(outcome.stateHash, undisturbedHash({ ...work, totalSteps }));
  assert.deepEqual(splits, []);
}

async function forEachSeed(
  seeds: number,
  quality: NetworkQuality,
  { leaves = false, silences = false } = {},
): Promise<Seen> {
  const seen = { takeovers: 0, departures: 0, drained: 0 };
  const list = ONLY === undefined ? [...Array(seeds).keys()] : [Number(ONLY)];
  for (const seed of list) {
    const end = await simulateHosts(seed, {
      ...{ faults: seed % MOST_FAULTS, quality },
      ...{ leaves, silences },
    });
    try {
      // It is saved and ended when all hosts are told to stop.
      assertSound(end, leaves ? /^(completed|drained)$/ : /^completed$/);
    } catch (thrown) {
      if (ONLY !== undefined) for (const event of end.events) console.log(JSON.stringify(event));
      throw new Error(`seed ${seed}: ${String(thrown)}`, { cause: thrown });
    }
    seen.takeovers += end.takeovers;
    seen.departures += end.departures;
    if (end.outcome?.kind === 'drained') seen.drained++;
  }
  return seen;
}

test('hosts that die, come back, stop and are cut off, the leading one too: one history, the same bits', async () => {
  const { takeovers } = await forEachSeed(SEEDS, GOOD_NETWORK);
  if (ONLY === undefined) assert.ok(takeovers > SEEDS / 5, `${takeovers} takeovers`);
});

test('hosts that also leave with notice, one or several or all of them', async () => {
  const seeds = Math.ceil(SEEDS / 3);
  const { departures, drained } = await forEachSeed(seeds, GOOD_NETWORK, { leaves: true });
  if (ONLY !== undefined) return;
  assert.ok(departures > seeds / 2, `${departures} hosts have left`);
  assert.ok(drained > seeds / 20 && drained < seeds / 2, `${drained} runs were ended`);
});

test('hosts that take a silent folder without votes, and owners that were only asleep', async () => {
  const { takeovers } = await forEachSeed(Math.ceil(SEEDS / 3), GOOD_NETWORK, { silences: true });
  if (ONLY === undefined) assert.ok(takeovers > SEEDS / 5, `${takeovers} takeovers`);
});

test('two takeovers without votes by hosts that did not hear each other: the second is the newer one', async () => {
  // Host 1 takes the folder of host 0, which sleeps and has to give up; then host 0 takes that of host 1, which sleeps.
  const planned: PlannedRun = {
    hosts: 2,
    steps: 150,
    faults: [
      { atMs: 1_000, forMs: 200_000, sleeps: null },
      { atMs: 40_000, forMs: 60_000, sleeps: 0 },
      { atMs: 75_000, forMs: 75_000, sleeps: 1 },
    ],
  };
  for (const seed of [0, 1, 2]) {
    const disturbances = { faults: 0, quality: GOOD_NETWORK, leaves: false, silences: true };
    const end = await simulateHosts(seed, { ...disturbances, planned });
    assert.equal(end.takeovers, 2);
    assertSound(end, /^completed$/);
  }
});

test('the same on a network that loses, repeats, reorders and damages messages', async () => {
  await forEachSeed(Math.ceil(SEEDS / 3), BAD_NETWORK);
  await forEachSeed(Math.ceil(SEEDS / 12), BAD_NETWORK, { leaves: true });
});
