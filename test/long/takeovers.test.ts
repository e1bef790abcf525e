/**
 * The host that leads is killed at random moments, again and again, and comes back each time: three hosts, two workers
 * each. `npm run test:cluster` does it fifty times, LOCKSTEP_TAKEOVERS=5 five times, and tells how long no step was done.
 */
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixtureConfig, type Started } from '../helper/command-line.ts';
import { whyNoHosts } from '../helper/made-up-hosts.ts';
import { allSucceed, SeveralHosts, slow } from '../helper/several-hosts.ts';

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
const SLOW = slow([0, 1, 2, 3, 4, 5], 150);

describe('a run whose leading host is killed again and again', { skip }, () => {
  const hosts = new SeveralHosts(HOSTS.length, { alone: CONFIG });
  const { place } = hosts;

  const steps = (): number[] => place.steps('run');
  /** Whether the newest generation has all workers. */
  const isWhole = (): boolean =>
    hosts
      .coordinatorLog('run')
      .split('is formed of ')
      .at(-1)!
      .startsWith('workers 0, 1, 2, 3, 4 and 5');
  const start = (host: number): Started =>
    hosts.startOn(
      host,
      ...['train', ...CONFIG, '--hosts', '3', '--workers', '2', '--run', 'run'],
      ...['--resume', 'auto', '--max-restarts', '1000', ...SLOW],
    );

  it(`ends with the bits of one process, ${TIMES} takeovers later`, async (context) => {
    const agents = new Map(HOSTS.map((host) => [host, start(host)]));
    await place.untilSteps('run', 4);
    const gaps: number[] = [];
    for (let time = 0; time < TIMES; time++) {
      while (!isWhole()) await sleep(50);
      await sleep(Math.random() * 1_500);
      const leader = hosts.leaderOf('run');
      const before = Math.max(...steps());
      hosts.made.cable(leader, 'down');
      const killedMs = performance.now();
      hosts.killAllOn(leader);
      const done = Math.max(...steps());
      while (Math.max(...steps()) <= Math.max(before, done)) await sleep(20);
      gaps.push(performance.now() - killedMs);
      await agents.get(leader)!.ended;
      hosts.made.cable(leader, 'up');
      agents.set(leader, start(leader));
    }
    await allSucceed(agents.values());
    const sorted = gaps.toSorted((a, b) => a - b).map((ms) => Math.round(ms));
    context.diagnostic(
      `ms to the next step: median ${sorted[TIMES >> 1]}, longest ${sorted.at(-1)}, all ${sorted}`,
    );
    hosts.assertIsOneHistory('run');
  });
});
