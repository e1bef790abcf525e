/** The examples keep what the built-in models and objectives keep, and train where a user would put them. */
import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ModelConfig } from '../../src/config/model-section.ts';
import type { ObjectiveConfig } from '../../src/config/phase-section.ts';
import { loadExtensions } from '../../src/extension/load.ts';
import { CLONE } from '../helper/clone.ts';
import { Workplace } from '../helper/command-line.ts';
import { testEngine } from '../helper/engine.ts';
import { stepProgram } from '../helper/step-program.ts';
import { assertClose } from '../parity/close.ts';

const example = (name: string) => join(CLONE, 'examples', name);

const programs: Record<string, { file: string; model: ModelConfig; objective: ObjectiveConfig }> = {
  'multi-scale-model.ts': {
    file: 'multi-scale-model.ts',
    model: { family: 'multi-scale', branchChannels: 4, kernels: [3, 9], blocks: 2 },
    objective: { kind: 'supervised', classWeights: 'none' },
  },
  'projected-contrastive.js': {
    file: 'projected-contrastive.js',
    model: { family: 'reference', channels: 8, maskValue: -1 },
    objective: { kind: 'projected-contrastive', hidden: 6, dimensions: 4, temperature: 0.2 },
  },
};

describe('however far the rows are padded, the gradient is the same with', () => {
  for (const [name, { file, model, objective }] of Object.entries(programs)) {
    it(name, async () => {
      await loadExtensions([example(file)]);
      const { program, start, microBatch } = stepProgram(model, objective);
      const session = testEngine.session(program);
      session.load(start);
      // The rows of a micro-batch are drawn by their place in it, so shorter rows keep theirs.
      const tight = microBatch([40, 40, 40], 40);
      const leaves = [tight, padded(tight, 31)].map((batch) => {
        const leaf = session.gradients(batch).slice(0, program.leaf.sumOffset + 1);
        return leaf.map((value) => value / batch.hostSums.weight!);
      });
      session.dispose();
      assertClose(leaves[1]!, leaves[0]!, 1e-5, 'gradient and loss');
    });
  }
});

type Batch = ReturnType<ReturnType<typeof stepProgram>['microBatch']>;

/** The same rows with more padding behind them. */
function padded(batch: Batch, extra: number): Batch {
  const { rows, paddedLength } = batch;
  const wide = paddedLength + extra;
  const values = batch.feeds.values!.data;
  const data = new Int32Array(rows * wide);
  for (let row = 0; row < rows; row++) {
    const start = row * paddedLength;
    data.set(values.subarray(start, start + paddedLength) as Int32Array, row * wide);
  }
  return {
    ...batch,
    paddedLength: wide,
    feeds: { ...batch.feeds, values: { shape: [rows, wide], data } },
  };
}

const runs: Record<string, { config: string; phase: string }> = {
  'multi-scale-model.ts': { config: 'multi-scale.yaml', phase: 'train' },
  'projected-contrastive.js': { config: 'projected.yaml', phase: 'pretrain' },
};

describe('outside the repository,', () => {
  for (const [file, { config, phase }] of Object.entries(runs)) {
    describe(file, () => {
      const place = new Workplace();
      after(() => place.remove());
      for (const name of [file, config]) cpSync(example(name), place.path(name));
      const train = async (run: string, expected: number, ...args: string[]) => {
        const options = ['--extension', `./${file}`, '--run', run, ...args];
        const { code, stderr } = await place.run('train', config, ...options);
        assert.equal(code, expected, stderr);
        return place.json(run, 'exit.json') as { stateHash: string };
      };
      const losses = (run: string) =>
        place
          .metrics(run)
          .filter((line) => line.kind === 'step' && line.phase === phase)
          .map(({ metrics }) => (metrics as { loss: number }).loss);

      it('trains to the same bits on one worker and on two, and learns', async () => {
        const one = await train('one', 0);
        const two = await train('two', 0, '--workers', '2');
        assert.equal(two.stateHash, one.stateHash);
        const all = losses('one');
        assert.ok(all.at(-1)! < 0.95 * all[0]!, `the loss went from ${all[0]} to ${all.at(-1)}`);
      });

      it('computes the same, to 1e-5, compiled and operation by operation', async () => {
        const stopped = ['--simulate', 'preempt@rank=0,step=3'];
        await train('eager', 143, '--set', 'engine.kind=eager', ...stopped);
        const eager = losses('eager');
        assert.ok(eager.length > 3);
        assertClose(eager, losses('one').slice(0, eager.length), 1e-5, 'losses');
      });
    });
  }

  it('smiles-importer.ts reads records as they come, and names the line that it cannot read', async () => {
    const place = new Workplace();
    try {
      for (const name of ['smiles-importer.ts', 'molecules.smi']) {
        cpSync(example(name), place.path(name));
      }
      const own = ['--extension', 'smiles-importer.ts', '--shares', '1,0,0'];
      const made = await place.run('data', 'import', 'molecules.smi', 'molecules', ...own);
      assert.equal(made.code, 0, made.stderr);
      assert.match(made.stdout, /read 4, kept 4 sequences \(30 tokens, values inferred as uint8\)/);
      writeFileSync(place.path('wrong.smi'), 'CCO a\nCXO b\n');
      const few = [...own, '--option', 'alphabet=CO'];
      const wrong = await place.run('data', 'import', 'wrong.smi', 'wrong', ...few);
      assert.equal(
        wrong.stderr,
        'DATA_INVALID: Cannot read "wrong.smi", line 2: "X" is none of the characters CO. Correct the line, or name the characters by --option alphabet=CNO.\n',
      );
    } finally {
      place.remove();
    }
  });
});
