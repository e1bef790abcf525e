/** Extensions that load in the command and loop for ever somewhere below it: a signal ends the command all the same. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { CLONE } from '../helper/clone.ts';
import { Workplace } from '../helper/command-line.ts';
import { descendantsOf, isAlive } from '../helper/processes.ts';
import { twoPhaseRun } from '../helper/write-room.ts';

const EXAMPLE = join(CLONE, 'examples', 'multi-scale-model.ts');

describe('an extension that loops for ever', () => {
  const place = new Workplace();
  after(() => place.remove());
  const looping = place.path('looping');
  const config = twoPhaseRun(place.path('data'), { steps: 2, keep: 1 }).replace(
    /^model: .*$/m,
    'model: { family: multi-scale, branchChannels: 2, kernels: [3], blocks: 1 }',
  );
  writeFileSync(place.path('run.yaml'), config);

  /** A module that says so and loops where `where` is true, and is the example elsewhere. */
  function loopsWhere(where: string): string {
    const path = place.path('loops.ts');
    writeFileSync(
      path,
      `${readFileSync(EXAMPLE, 'utf8')}
      import { writeFileSync } from 'node:fs';
      import { isMainThread } from 'node:worker_threads';
      if (${where}) {
        writeFileSync(${JSON.stringify(looping)}, '');
        for (;;);
      }`,
    );
    return path;
  }

  /** Exit code of a command that gets a signal while the extension loops; it says that nothing was lost. */
  async function codeOf(where: string, signal: 'SIGINT' | 'SIGTERM', ...args: string[]) {
    rmSync(looping, { force: true });
    const { child, ended } = place.start(...args, '--extension', loopsWhere(where));
    while (!existsSync(looping)) {
      assert.equal(child.exitCode, null, (await Promise.race([ended, undefined]))?.stderr);
      await wait(20);
    }
    const processes = descendantsOf(child.pid!);
    child.kill(signal);
    const { code, stderr } = await ended;
    assert.deepEqual(processes.filter(isAlive), []);
    assert.match(stderr, new RegExp(`${signal} came before the (first step|forecast)\\.`));
    return code;
  }

  const inThread = '!isMainThread';
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`in the thread that loads data leaves train to ${signal}`, async () => {
      const args = ['train', 'run.yaml', '--run', signal, '--workers', '2'];
      assert.equal(await codeOf(inThread, signal, ...args), code);
    });

    it(`in the thread that loads data leaves debug to ${signal}`, async () => {
      assert.equal(await codeOf(inThread, signal, 'debug', 'run.yaml'), code);
    });

    it(`in the program that times a worker leaves plan-cluster to ${signal}`, async () => {
      const where = "process.argv[1].includes('gradient-program')";
      const args = ['plan-cluster', 'run.yaml', '--workers', '1', '--gbps', '1'];
      assert.equal(await codeOf(where, signal, ...args), code);
    });
  }
});
