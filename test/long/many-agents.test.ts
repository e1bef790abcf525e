/** 64 agents of one run, without engine and all in this process: how they find each other and make ready. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import type { Followed } from '../../src/cluster/followed.ts';
import { HostAgent } from '../../src/cluster/host-agent.ts';
import { HostLeader } from '../../src/cluster/leader.ts';
import { followRun } from '../../src/cluster/member.ts';
import { folderRendezvous } from '../../src/cluster/rendezvous/folder-rendezvous.ts';
import type { Meeting } from '../../src/cluster/rendezvous/host-rendezvous.ts';

const AGENTS = 64;
const WORKERS = 8;
const root = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
after(() => rmSync(root, { recursive: true, force: true }));
const folder = join(root, 'meeting');

const OPTIONS = {
  ...{ hosts: AGENTS, workers: WORKERS, request: 'train x', ownDisks: false, waitMs: 600_000 },
  throwIfStopped: () => {},
  tell: () => {},
};

async function follow(hostRank: number): Promise<Followed<never>> {
  const meeting = await folderRendezvous(folder, 'start').meet(hostRank, OPTIONS);
  const follows = meeting as Extract<Meeting, { role: 'follow' }>;
  const agent = await HostAgent.open(OPTIONS, follows.find()!.secret, null);
  try {
    return await followRun<never>(agent, follows, {
      hostRank,
      watchSignals: () => () => {},
      leaves: false,
      launcher: async () => () => [],
      takeFolder: () => assert.fail('the leader lives'),
      endOf: () => null,
      standBy: () => {},
      standDown: () => {},
    });
  } finally {
    await agent.close();
  }
}

it(`${AGENTS} agents meet in a folder, get their slots, and end as the run does`, async (context) => {
  const startedMs = performance.now();
  const meeting = await folderRendezvous(folder, 'start').meet(0, OPTIONS);
  assert(meeting.role === 'lead');
  const agent = await HostAgent.open(OPTIONS, meeting.secret, null);
  const leader = HostLeader.first(agent);
  meeting.announce(agent.links.port);
  const others = Array.from({ length: AGENTS - 1 }, (_, at) => follow(at + 1));
  await leader.gather();
  const metMs = performance.now() - startedMs;
  assert.equal(leader.workers, AGENTS * WORKERS);
  const run = { runFolder: root, run: 'run#1', worldSize: leader.workers, lock: '' };
  const rest = {
    coordinatorWaitMs: 60_000,
    maxRestarts: 3,
    minWorkers: 1,
    task: {},
    resume: false,
    simulate: [],
    copy: null,
  };
  await leader.begin({ ...run, ...rest }, () => []);
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
