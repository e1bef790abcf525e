/**
 * The host that leads is killed at random moments, again and again, and comes back each time: three hosts, two workers
 * each. `npm run test:cluster` does it fifty times, LOCKSTEP_TAKEOVERS=5 five times, and tells how long no step was done.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixtureConfig, type Started, Workplace } from '../helper/command-line.ts';
import { MadeUpHosts, whyNoHosts } from '../helper/made-up-hosts.ts';

const TIMES = Number(process.env.LOCKSTEP_TAKEOVERS ?? 0);
const skip =
  whyNoHosts() ?? (TIMES > 0 ? false : 'test/integration/hosts-takeover has the short form');
const HOSTS = [1, 2, 3];
const CONFIG = [
  fixtureConfig('two-phases.yaml'),
  ...['--set', `phases.1.duration.epochs=${30 + 6 * TIMES}`],
  ...['--set', 'phases.1.evaluation.everySteps=50', '--set', 'phases.1.learningRate.warmupSteps=1'],
];
/** All workers wait in each step, so that the run lasts longer than what happens to it. */
const SLOW = [0, 1, 2, 3, 4, 5].flatMap((rank) => [
  '--simulate',
  `slow@rank=${rank},step=3,ms=150`,
]);

describe('a run whose leading host is killed again and again', { skip }, () => {
  const place = new Workplace();
  let hosts: MadeUpHosts;
  before(async () => {
    hosts = await MadeUpHosts.open(HOSTS.length);
  });
  after(async () => {
    await hosts?.close();
    place.remove();
  });

  const log = (): string => readFileSync(place.path('run', 'logs', 'coordinator.log'), 'utf8');
  const steps = (): number[] => place.steps('run');
  /** Whether the newest generation has all workers. */
  const isWhole = (): boolean =>
    log().split('is formed of ').at(-1)!.startsWith('workers 0, 1, 2, 3, 4 and 5');
  const start = (host: number): Started =>
    place.startOn(
      hosts,
      host,
      ...['train', ...CONFIG, '--hosts', '3', '--workers', '2', '--run', 'run'],
      ...['--resume', 'auto', '--max-restarts', '1000', ...SLOW],
    );

  it(`ends with the bits of one process, ${TIMES} takeovers later`, async (context) => {
    const alone = await place.run('train', ...CONFIG, '--run', 'alone');
    assert.equal(alone.code, 0, alone.stderr);
    const agents = new Map(HOSTS.map((host) => [host, start(host)]));
    await place.untilSteps('run', 4);
    const gaps: number[] = [];
    for (let time = 0; time < TIMES; time++) {
      while (!isWhole()) await sleep(50);
      await sleep(Math.random() * 1_500);
      const owner = place.json('run', 'lock') as { host: string };
      const leader = Number(owner.host.slice(1));
      const before = Math.max(...steps());
      hosts.cable(leader, 'down');
      const killedMs = performance.now();
      for (const pid of hosts.pidsOn(leader, /lockstep|worker/)) hosts.kill('KILL', pid);
      const done = Math.max(...steps());
      while (Math.max(...steps()) <= Math.max(before, done)) await sleep(20);
      gaps.push(performance.now() - killedMs);
      await agents.get(leader)!.ended;
      hosts.cable(leader, 'up');
      agents.set(leader, start(leader));
    }
    for (const { ended } of agents.values()) {
      const { code, stderr } = await ended;
      assert.equal(code, 0, stderr);
    }
    const sorted = gaps.toSorted((a, b) => a - b).map((ms) => Math.round(ms));
    context.diagnostic(
      `ms to the next step: median ${sorted[TIMES >> 1]}, longest ${sorted.at(-1)}, all ${sorted}`,
    );
    const told = steps();
    assert.deepEqual(
      told,
      [...new Set(told)].toSorted((a, b) => a - b),
    );
    assert.equal(place.stateHash('run'), place.stateHash('alone'));
  });
});
