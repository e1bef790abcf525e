/** Next step, then supervised, on the causal network: any number of workers ends with the same bits. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Measured } from '../../src/nn/objective/objective.ts';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';

interface Exit {
  readonly code: number;
  readonly globalStep: number;
  readonly stateHash: string;
}

describe('a causal network that learns the next step, then classes', () => {
  const place = new Workplace();
  const exitOf = (run: string) => place.json(run, 'exit.json') as Exit;
  const train = async (run: string, workers: number): Promise<void> => {
    const options = ['--run', run, '--workers', String(workers)];
    const { code, stderr } = await place.run('train', fixtureConfig('next-step.yaml'), ...options);
    assert.equal(code, 0, stderr);
  };
  const lines = (kind: string, phase: string) =>
    place.metrics('one').filter((line) => line.kind === kind && line.phase === phase);

  before(async () => {
    await train('one', 1);
  });
  after(() => place.remove());

  it('ends with the same weights and optimizer state with 2 workers', async () => {
    await train('two', 2);
    assert.equal(exitOf('two').globalStep, exitOf('one').globalStep);
    assert.equal(exitOf('two').stateHash, exitOf('one').stateHash);
  });

  it('steps over padding in both phases', () => {
    const sum = (values: unknown) => (values as number[]).reduce((a, b) => a + b, 0);
    for (const phase of ['pretrain', 'finetune']) {
      const steps = lines('step', phase);
      assert.ok(
        steps.some(({ tokens, positions }) => sum(positions) > sum(tokens)),
        phase,
      );
    }
  });

  it('is measured beside unigram, bigram and the present value', () => {
    const { metrics, baselines } = lines('evaluation', 'pretrain').at(-1) as unknown as Measured;
    assert.deepEqual(Object.keys(metrics), ['loss', 'accuracy', 'perplexity']);
    const { accuracy, perplexity } = baselines!;
    assert.deepEqual(Object.keys(accuracy!), ['unigram', 'bigram', 'previousValue']);
    assert.ok(Math.abs(metrics.perplexity! - Math.exp(metrics.loss!)) < 1e-9);
    // The classes are Markov chains, so the present symbol says something of the next one.
    assert.ok(perplexity!.bigram! < perplexity!.unigram!);
  });
});
