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
import { simulateHosts } from '../helper/simulation/simulate-hosts.ts';

const SEEDS = Number(process.env.LOCKSTEP_SEEDS ?? 300);
const ONLY = process.env.LOCKSTEP_SEED;
const MOST_FAULTS = 6;

async function forEachSeed(seeds: number, quality: NetworkQuality): Promise<{ takeovers: number }> {
  const seen = { takeovers: 0 };
  const list = ONLY === undefined ? [...Array(seeds).keys()] : [Number(ONLY)];
  for (const seed of list) {
    const end = await simulateHosts(seed, { faults: seed % MOST_FAULTS, quality });
    const { outcome, work, splits } = end;
    try {
      assert.ok(outcome !== null, 'the run did not end within a simulated hour');
      assert.equal(outcome.kind, 'completed', outcome.reason);
      assert.equal(outcome.step, work.totalSteps);
      assert.equal(outcome.stateHash, undisturbedHash(work));
      assert.deepEqual(splits, []);
    } catch (thrown) {
      if (ONLY !== undefined) for (const event of end.events) console.log(JSON.stringify(event));
      throw new Error(`seed ${seed}: ${String(thrown)}`, { cause: thrown });
    }
    seen.takeovers += end.takeovers;
  }
  return seen;
}

test('hosts that die, come back, stop and are cut off, the leading one too: one history, the same bits', async () => {
  const { takeovers } = await forEachSeed(SEEDS, GOOD_NETWORK);
  if (ONLY === undefined) assert.ok(takeovers > SEEDS / 5, `${takeovers} takeovers`);
});

test('the same on a network that loses, repeats, reorders and damages messages', async () => {
  await forEachSeed(Math.ceil(SEEDS / 3), BAD_NETWORK);
});
