/** 64 agents of one run, without engine and all in this process: how they find each other and make ready. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { agentOptions, followIn, leadIn, startOfRun } from '../helper/agents.ts';

const AGENTS = 64;
const WORKERS = 8;
const root = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
after(() => rmSync(root, { recursive: true, force: true }));
const folder = join(root, 'meeting');

it(`${AGENTS} agents meet in a folder, get their slots, and end as the run does`, async (context) => {
  const startedMs = performance.now();
  const options = agentOptions(AGENTS, WORKERS);
  const { meeting, agent, leader } = await leadIn(folder, options);
  const others = Array.from({ length: AGENTS - 1 }, (_, at) => followIn(folder, at + 1, options));
  await leader.gather();
  const metMs = performance.now() - startedMs;
  assert.equal(leader.workers, AGENTS * WORKERS);
  await leader.begin(startOfRun(root, leader.workers), () => []);
  context.diagnostic(
    `met after ${Math.round(metMs)} ms, ready after ${Math.round(performance.now() - startedMs)} ms`,
  );
  const slots = [...agent.roster.values()].map(({ firstSlot }) => firstSlot);
  assert.deepEqual(
    slots.toSorted((a, b) => a - b),
    Array.from({ length: AGENTS }, (_, at) => at * WORKERS),
  );
  await leader.end(null, null);
  meeting.end();
  await agent.close();
  for (const end of await Promise.all(others)) {
    assert.deepEqual(end, { kind: 'ended', outcome: null, error: null });
  }
  assert.equal(existsSync(folder), false);
});
