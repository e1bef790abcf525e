/**
 * Runs that start while other processes have nearly all of the machine. In short form four of them; `npm run test:starts`
 * starts 50 at a load of 40.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';

const STARTS = Number(process.env.LOCKSTEP_STARTS ?? 4);
/** Each has a command, a coordinator and two workers. */
const AT_ONCE = Math.min(8, STARTS);
const OTHERS = STARTS > 4 ? 24 : 8;
/** Computes until it is killed or its parent is gone. */
const BUSY = 'while [ -d /proc/$PPID ]; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; done';
const FEW_STEPS = ['pretrain', 'finetune'].flatMap((phase) => [
  '--set',
  `phases.${phase}.duration.steps=4`,
]);

const place = new Workplace();
const others: ChildProcess[] = [];
before(() => {
  for (let i = 0; i < OTHERS; i++) others.push(spawn('sh', ['-c', BUSY], { stdio: 'ignore' }));
});
after(() => {
  for (const other of others) other.kill('SIGKILL');
  place.remove();
});

describe(`a run that starts beside ${OTHERS} busy processes`, { concurrency: AT_ONCE }, () => {
  const states: string[] = [];
  for (let i = 1; i <= STARTS; i++) {
    it(`number ${i} of ${STARTS}`, async (test) => {
      const run = `run-${i}`;
      const { code, stderr } = await place.run(
        ...['train', fixtureConfig('slow-steps.yaml'), '--workers', '2', '--run', run],
        ...['--set', `data.store=data-${i}`, ...FEW_STEPS],
      );
      test.diagnostic(`load ${loadavg()[0]}`);
      assert.equal(code, 0, stderr);
      assert.doesNotMatch(stderr, /Warning/);
      const { stateHash } = place.json(run, 'exit.json') as { stateHash: string };
      states.push(stateHash);
      assert.equal(stateHash, states[0]);
    });
  }
});
