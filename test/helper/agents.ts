/** Agents of one run without engine, all in the process of the test. */
import assert from 'node:assert/strict';
import type { LinkHandlers } from '../../src/cluster/agent-links.ts';
import type { Followed } from '../../src/cluster/followed.ts';
import { type AgentOptions, HostAgent } from '../../src/cluster/host-agent.ts';
import { HostLeader } from '../../src/cluster/leader.ts';
import { followRun } from '../../src/cluster/member.ts';
import { folderRendezvous } from '../../src/cluster/rendezvous/folder-rendezvous.ts';
import type { Meeting } from '../../src/cluster/rendezvous/host-rendezvous.ts';

export const agentOptions = (hosts: number, workers: number): AgentOptions => ({
  ...{ hosts, workers, request: 'train x', ownDisks: false, waitMs: 600_000 },
  throwIfStopped: () => {},
  tell: () => {},
});

/** What an agent hears, for one that does nothing of its own. */
export const DEAF: LinkHandlers = {
  ...{ onMember() {}, onLeader() {}, onUnheard() {}, onReconnected() {}, onNonsense() {} },
  tell() {},
};

/** Host 0 of the agents that meet in a folder; they find it from now on. */
export async function leadIn(folder: string, options: AgentOptions) {
  const meeting = await folderRendezvous(folder, 'start').meet(0, options);
  assert(meeting.role === 'lead');
  const agent = await HostAgent.open(options, meeting.secret, null);
  const leader = HostLeader.first(agent);
  meeting.announce(agent.links.port);
  return { meeting, agent, leader };
}

/** Another host; resolves with how its part in the run ended. */
export async function followIn(
  folder: string,
  hostRank: number,
  options: AgentOptions,
): Promise<Followed<never>> {
  const meeting = await folderRendezvous(folder, 'start').meet(hostRank, options);
  const follows = meeting as Extract<Meeting, { role: 'follow' }>;
  const agent = await HostAgent.open(options, follows.find()!.secret, null);
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

/** What the leader begins, without a run's folder that anything would be written in. */
export const startOfRun = (runFolder: string, worldSize: number) => ({
  ...{ runFolder, run: 'run#1', worldSize, lock: '' },
  ...{ coordinatorWaitMs: 60_000, maxRestarts: 3, minWorkers: 1 },
  ...{ task: {}, resume: false, simulate: [], copy: null },
});
