/** What a leader says gets lost where a host reads too slowly: its queue is full, or the connection breaks. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentLinks } from '../../../src/cluster/agent-links.ts';
import { Seats } from '../../../src/cluster/seats.ts';
import { LOCKSTEP_VERSION } from '../../../src/core/version.ts';
import { HOST_PROTOCOL, type LeaderMessage } from '../../../src/protocol/host-messages.ts';
import { agentOptions, DEAF, followIn, leadIn, startOfRun } from '../../helper/agents.ts';

const root = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
after(() => rmSync(root, { recursive: true, force: true }));

describe('a leader', () => {
  for (const lost of ['welcome', 'roster', 'run'] as const) {
    it(`says all again to a host that did not get its "${lost}"`, {
      timeout: 30_000,
    }, async (context) => {
      const folder = join(root, lost);
      const { meeting, agent, leader } = await leadIn(folder, agentOptions(2, 1));
      context.after(() => agent.close());
      const { links } = agent;
      const answer = links.answer.bind(links);
      let isLost = false;
      let hasBegun = false;
      links.answer = (peer, message) => {
        if (isLost || !hasBegun || message.kind !== lost) answer(peer, message);
        else {
          isLost = true;
          leader.onUnheard(peer);
        }
      };
      const other = followIn(folder, 1, agentOptions(2, 1));
      await leader.gather();
      hasBegun = true;
      await leader.begin(startOfRun(root, 2), () => []);
      assert.equal(isLost, true);
      await leader.end(null, null);
      meeting.end();
      assert.deepEqual(await other, { kind: 'ended', outcome: null, error: null });
    });
  }

  it('says again which hosts count to one that did not hear it', {
    timeout: 30_000,
  }, async (context) => {
    const { meeting, agent, leader } = await leadIn(join(root, 'view'), agentOptions(3, 1));
    context.after(() => agent.close());
    assert(meeting.role === 'lead');
    const at = `127.0.0.1:${agent.links.port}`;
    const answer = agent.links.answer.bind(agent.links);
    let lost = 0;
    agent.links.answer = (peer, message) => {
      const isFirst = message.kind === 'agent' && lost++ === 0;
      if (!isFirst) answer(peer, message);
    };
    const other = followIn(join(root, 'view'), 1, agentOptions(3, 1));
    const third = await AgentLinks.open(meeting.secret, null, {
      ...DEAF,
      onLeader: (_at: string, { kind }: LeaderMessage) => {
        if (kind === 'run') third.say(at, { kind: 'ready' });
      },
    });
    context.after(() => third.close());
    third.say(at, { ...hello(2), hosts: 3 });
    await leader.gather();
    await leader.begin(startOfRun(root, 3), () => []);
    assert.deepEqual(agent.view.hosts, [0, 1, 2]);
    third.say(at, { kind: 'bye' });
    while (agent.state!.agreed.join() !== '0,1') await sleep(50);
    assert.ok(lost > 1, 'what was lost was said again');
    await leader.end(null, null);
    meeting.end();
    await other;
  });

  it('tells where all hosts are a few times, however many come and however often they ask', async () => {
    const HOSTS = 24;
    const { meeting, agent } = await leadIn(join(root, 'many'), agentOptions(HOSTS + 1, 1));
    assert(meeting.role === 'lead');
    const at = `127.0.0.1:${agent.links.port}`;
    const told: number[] = [];
    const hosts = await Promise.all(
      Array.from({ length: HOSTS }, async (_, index) => {
        told[index] = 0;
        return await AgentLinks.open(meeting.secret, null, {
          ...DEAF,
          onLeader: (_at: string, { kind }: LeaderMessage) => {
            if (kind === 'roster') told[index]!++;
          },
        });
      }),
    );
    const ASKED = 3;
    for (let round = 0; round < ASKED; round++) {
      for (const [index, links] of hosts.entries()) links.say(at, hello(index + 1));
      await sleep(100);
    }
    await sleep(1_500);
    await Promise.all([...hosts.map((links) => links.close()), agent.close()]);
    meeting.end();
    assert.ok(Math.min(...told) > 0);
    assert.ok(Math.max(...told) < HOSTS / 2, `told ${told} times`);
  });
});

const hello = (hostRank: number) => ({
  kind: 'hello' as const,
  ...{ protocol: HOST_PROTOCOL, version: LOCKSTEP_VERSION },
  ...{ hostRank, host: 'here', pid: 1 + hostRank, workers: 1 },
  ...{ address: '127.0.0.1', leaderAddress: '127.0.0.1', port: 1 },
  ...{ request: 'train x', hosts: 25, running: [] },
});

describe('seats', () => {
  const seat = { slot: 3, attempt: 1, environment: {} };
  const watch = { onSpawn: () => {}, onExit: () => {} };
  const readyHost = () => {
    const heard: LeaderMessage[] = [];
    return {
      heard,
      name: 'b',
      isReady: true,
      say: (message: LeaderMessage) => heard.push(message),
    };
  };

  it('are said again when they were perhaps not heard', () => {
    const host = readyHost();
    const seats = new Seats();
    seats.launch(host, seat, watch);
    seats.sendAgain(host, []);
    assert.deepEqual(
      host.heard.map(({ kind }) => kind),
      ['launch', 'launch'],
    );
  });

  it('are not said again when their worker runs, or has run', () => {
    const host = readyHost();
    const seats = new Seats();
    seats.launch(host, seat, watch);
    seats.sendAgain(host, [{ slot: 3, attempt: 1 }]);
    seats.spawned(host, 3, 1, 77);
    seats.sendAgain(host, []);
    assert.equal(host.heard.length, 1);
  });
});
