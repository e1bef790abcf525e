/**
 * A run is a pure function of (data, configuration, seed): however many workers share it, in one process,
 * or stopped in the middle and gone on with elsewhere, it ends with the same bits.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';

const CONFIG = fixtureConfig('two-phases.yaml');
/** Of the second phase. */
const WARMUP_STEPS = 14;
const FINETUNE_EPOCHS = 6;

interface Exit {
  readonly code: number;
  readonly globalStep: number;
  readonly stateHash: string;
  readonly lastCheckpoint: string;
}

describe('one configuration ends with the same weights, statistics and optimizer state', () => {
  const place = new Workplace();
  const exitOf = (run: string) => place.json(run, 'exit.json') as Exit;
  const finalFiles = (run: string) =>
    ['model.safetensors', 'optimizer.safetensors', 'best.safetensors'].map((name) =>
      readFileSync(place.path(exitOf(run).lastCheckpoint, name)),
    );
  const assertSame = (run: string, as = 'one'): void => {
    assert.equal(exitOf(run).code, 0);
    assert.equal(exitOf(run).globalStep, exitOf(as).globalStep);
    assert.equal(exitOf(run).stateHash, exitOf(as).stateHash);
    assert.deepEqual(finalFiles(run), finalFiles(as));
  };
  const train = async (run: string, ...options: string[]): Promise<void> => {
    const { code, stderr } = await place.run('train', CONFIG, '--run', run, ...options);
    assert.equal(code, 0, stderr);
  };

  before(async () => {
    await train('one', '--workers', '1');
  });
  after(() => place.remove());

  it('covers what it claims: padding, two phases, short last steps, steps in a warm-up', () => {
    const steps = place.metrics('one').filter(({ kind }) => kind === 'step');
    assert.deepEqual(new Set(steps.map(({ phase }) => phase)), new Set(['pretrain', 'finetune']));
    const sum = (values: unknown) => (values as number[]).reduce((a, b) => a + b, 0);
    assert.ok(steps.some(({ tokens, positions }) => sum(positions) > sum(tokens)));
    const tokens = steps.filter(({ phase }) => phase === 'finetune').map((s) => sum(s.tokens));
    assert.ok(Math.min(...tokens) < 0.6 * Math.max(...tokens), 'a step is short');
  });

  it('with 2 workers', async () => {
    await train('two', '--workers', '2');
    assertSame('two');
  });

  it('with 3 workers, over tcp', async () => {
    await train('three', '--workers', '3', '--transport', 'tcp');
    assertSame('three');
  });

  it('by debug, in one process without sockets, as the eager engine with 2 workers', async () => {
    await train('eager', '--workers', '2', '--set', 'engine.kind=eager');
    const { code, stdout, stderr } = await place.run('debug', CONFIG, '--run', 'debug');
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`state ${exitOf('eager').stateHash}`));
    assertSame('debug', 'eager');
  });

  it('stopped mid-epoch in the second warm-up with 2 workers, resumed with 1', async () => {
    const run = await stopMidEpoch(place);
    const resumed = await place.run('resume', run, '--workers', '1');
    assert.equal(resumed.code, 0, resumed.stderr);
    assertSame(run);
  });

  it('but another seed ends elsewhere', async () => {
    await train('other', '--workers', '1', '--set', 'seed=8');
    assert.notEqual(exitOf('other').stateHash, exitOf('one').stateHash);
  });
});

/**
 * A run that a signal stopped in its second phase, inside the warm-up and an epoch. Where exactly a signal
 * strikes is chance, so another run is tried when it came between two epochs.
 */
async function stopMidEpoch(place: Workplace): Promise<string> {
  const isOfPhase = (line: { kind?: unknown; phase?: unknown }) =>
    line.kind === 'step' && line.phase === 'finetune';
  const stepsPerEpoch = place.metrics('one').filter(isOfPhase).length / FINETUNE_EPOCHS;
  for (let attempt = 0; attempt < 6; attempt++) {
    const run = `stopped-${attempt}`;
    const { child, ended } = place.start('train', CONFIG, '--run', run, '--workers', '2');
    await place.untilSteps(run, 4, 'finetune');
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    assert.equal(code, 143, stderr);

    const exit = place.json(run, 'exit.json') as Exit;
    const manifest = place.json(exit.lastCheckpoint, 'manifest.json') as Manifest;
    assert.equal(manifest.globalStep, exit.globalStep, 'what was done is saved');
    assert.equal(manifest.phase.name, 'finetune');
    assert.ok(manifest.phase.stepInPhase < WARMUP_STEPS, 'still in the warm-up');
    if (manifest.phase.stepInPhase % stepsPerEpoch !== 0) return run;
  }
  throw new Error('six signals in a row came between two epochs');
}

interface Manifest {
  readonly globalStep: number;
  readonly phase: { readonly name: string; readonly stepInPhase: number };
}
