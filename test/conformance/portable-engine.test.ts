/**
 * The portable engine under the tests that every engine must pass: parity with PyTorch, padding, causality,
 * sessions and models. They run in a process of their own, since tfjs has one backend at a time.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, describe, it } from 'node:test';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';

/** All in one process, which starts the engine once. */
const SUITES = [
  '../parity/model.test.js',
  '../parity/layer.test.js',
  '../parity/optimizer.test.js',
  '../property/channels.test.js',
  '../property/padding.test.js',
  '../property/causality.test.js',
  '../unit/engine/channel-norm.test.js',
  '../unit/engine/dropout.test.js',
  '../unit/engine/engine.test.js',
  '../unit/nn/model/model.test.js',
];
const IMPORTS = SUITES.map((suite) => `import '${new URL(suite, import.meta.url).href}';`).join('');

describe('the portable engine', () => {
  const place = new Workplace();
  after(() => place.remove());

  it('passes the suites of an engine', async () => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const options = ['--test-reporter=tap', '--input-type=module', '--eval', IMPORTS];
    const child = spawn(process.execPath, options, {
      env: { ...env, LOCKSTEP_TEST_ENGINE: 'portable' },
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 0, output);
    assert.match(output, /^# pass [1-9]\d+$/m);
  });

  it('ends with the same bits on 1 and 2 workers and in debug', async () => {
    const short = [
      'engine.kind=portable',
      'phases.pretrain.duration={steps: 5}',
      'phases.finetune.duration={steps: 5}',
      'phases.finetune.learningRate.warmupSteps=2',
    ].flatMap((value) => ['--set', value]);
    const config = fixtureConfig('two-phases.yaml');
    const hashes = new Set<string>();
    for (const command of [
      ['train', config, '--run', 'one'],
      ['train', config, '--run', 'two', '--workers', '2'],
      ['debug', config, '--run', 'debug'],
    ]) {
      const { code, stderr } = await place.run(...command, ...short);
      assert.equal(code, 0, stderr);
      const run = command[command.indexOf('--run') + 1]!;
      hashes.add((place.json(run, 'exit.json') as { stateHash: string }).stateHash);
    }
    assert.equal(hashes.size, 1);
  });
});
