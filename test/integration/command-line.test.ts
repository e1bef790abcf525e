/** The command line as a person uses it: from data to predictions, and what it says when it can't. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import {
  decodeSafetensors,
  encodeSafetensors,
  floatsOf,
  floatTensor,
} from '../../src/checkpoint/safetensors.ts';
import { fixtureConfig, LOCKSTEP, Workplace } from '../helper/command-line.ts';
import { whereTensorflowIs } from '../helper/tensorflow.ts';

const CONFIG = fixtureConfig('two-phases.yaml');
/** A few steps of each phase. */
const SHORT = [
  '--set',
  'phases.pretrain.duration={steps: 3}',
  '--set',
  'phases.finetune.duration={steps: 3}',
  '--set',
  'phases.finetune.learningRate.warmupSteps=1',
];

describe('lockstep', () => {
  const place = new Workplace();
  before(async () => {
    const { code, stderr } = await place.run('train', CONFIG, '--run', 'run', ...SHORT);
    assert.equal(code, 0, stderr);
  });
  after(() => {
    refusals.close();
    place.remove();
  });
  /** For command lines that are refused before anything starts. */
  const refusals = place.answerer();

  it('ends a run with one line that says how, and the same in exit.json', async () => {
    const exit = place.json('run', 'exit.json') as Record<string, unknown>;
    assert.deepEqual(
      { code: exit.code, globalStep: exit.globalStep, lastCheckpoint: exit.lastCheckpoint },
      { code: 0, globalStep: 6, lastCheckpoint: 'run/checkpoints/step-00000006' },
    );
  });

  it('writes a metrics line for each step, evaluation, phase end and checkpoint', () => {
    const kinds = place.metrics('run').map(({ kind }) => kind);
    const count = (kind: string) => kinds.filter((found) => found === kind).length;
    assert.deepEqual(['step', 'evaluation', 'phaseEnd', 'checkpoint'].map(count), [6, 2, 2, 2]);
  });

  it('evaluates a finished run on a split', async () => {
    const { code, stdout } = await place.run('evaluate', 'run', '--split', 'validation', '--json');
    assert.equal(code, 0);
    const report = JSON.parse(stdout) as {
      sequences: number;
      accuracy: number;
      confusion: number[][];
      interval: { low: number; high: number };
      groups: number;
    };
    const cells = report.confusion.flat().reduce((a, b) => a + b, 0);
    assert.equal(cells, report.sequences);
    const diagonal = report.confusion.reduce((sum, row, label) => sum + row[label]!, 0);
    assert.equal(report.accuracy, diagonal / cells);
    const { low, high } = report.interval;
    assert.ok(0 <= low && low <= report.accuracy && report.accuracy <= high && high <= 1);
    assert.ok(low < high);
    assert.equal(report.groups, report.sequences, 'each made-up sequence is its own group');
  });

  it('predicts every sequence of a dataset once, with probabilities that add up to 1', async () => {
    const { code, stdout } = await place.run('predict', 'run', '--out', 'predictions.csv');
    assert.equal(code, 0);
    assert.equal(stdout, 'Written: predictions.csv, 90 predictions\n');
    const [header, ...rows] = readFileSync(place.path('predictions.csv'), 'utf8')
      .trim()
      .split('\n');
    assert.equal(header, 'id,class,p(class-0),p(class-1),p(class-2)');
    assert.equal(new Set(rows.map((row) => row.split(',')[0])).size, 90);
    for (const row of rows) {
      const total = row
        .split(',')
        .slice(2)
        .map(Number)
        .reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(total - 1) < 1e-5, row);
    }
  });

  it('predicts the same lines in the same order on any number of workers', async () => {
    const out = ['--out', 'on-3.csv', '--workers', '3'];
    assert.equal((await place.run('predict', 'run', ...out)).code, 0);
    const [one, three] = ['predictions.csv', 'on-3.csv'].map((name) =>
      readFileSync(place.path(name), 'utf8'),
    );
    assert.equal(one, three);
  });

  it('leaves no half-written predictions', async () => {
    const out = ['--out', 'none.csv', '--data', 'nowhere'];
    assert.equal((await refusals.answer('predict', 'run', ...out)).code, 3);
    const left = readdirSync(place.folder).filter((name) => name.startsWith('none.csv'));
    assert.deepEqual(left, []);
  });

  it(
    'tune times the formulations and prints the fastest as lines of a configuration',
    whereTensorflowIs,
    async () => {
      const { code, stdout, stderr } = await place.run('tune', CONFIG);
      assert.equal(code, 0, stderr);
      assert.match(
        stdout,
        /^direct convolution, shifted filterGradient, fused batchNorm( +\d+\.\d){3}$/m,
      );
      assert.match(
        stdout,
        /^engine:\n {2}formulations: \{ convolution: \w+, filterGradient: \w+, batchNorm: \w+, projection: \w+ \}$/m,
      );
    },
  );

  it('tune --learning-rate prints the same line of a configuration on any number of workers', async () => {
    const rates = async (workers: string) => {
      const options = ['--learning-rate', 'finetune', '--workers', workers, ...SHORT];
      const { code, stdout, stderr } = await place.run('tune', CONFIG, ...options);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const one = await rates('1');
    assert.match(one, /^Phase "finetune", 3 steps with each learning rate:$/m);
    assert.match(one, / configured$/m);
    assert.match(one, /^ {4}learningRate: \{ kind: [\w-]+, .*\}$/m);
    assert.equal(await rates('2'), one);
  });

  it('debug prints the layer table: shape, parameters, range; then it trains as many steps as asked', async () => {
    const { code, stdout, stderr } = await place.run('debug', CONFIG, '--steps', '2');
    assert.equal(code, 0);
    assert.match(stdout, /^layer +output +parameters +activations$/m);
    assert.match(stdout, /^model\.0\.m\.3 +\d+ × \d+ × 8 +192 +-\d\S* … \d/m);
    assert.match(stdout, /receptive field 11 timesteps, \d\d global steps$/m);
    assert.match(stderr, /^EXIT code=0 reason="2 steps are done, as asked for\."/m);
  });

  it('debug refuses the folder of a run before it makes data, which may take long', async () => {
    const elsewhere = ['--run', 'run', '--set', 'data.store=never-made'];
    const { code, stderr } = await place.run('debug', CONFIG, ...elsewhere);
    assert.equal(code, 2);
    assert.match(stderr, /^RUN_EXISTS: "run" already holds a run\./);
    assert.ok(!existsSync(place.path('never-made')));
  });

  it('debug names the parameter and the layer when a weight is not a number', async () => {
    poisonWeight(place, 'model.0.m.0.weight');
    const { code, stderr } = await place.run(
      'debug',
      CONFIG,
      '--set',
      'model.initialWeights=poisoned.safetensors',
    );
    assert.equal(code, 6);
    assert.match(
      stderr,
      /NON_FINITE: Parameter "model\.0\.m\.0\.weight" holds 1 of 192 values that are not finite; "model\.0\.m\.0" is the first layer that shows it\./,
    );
  });

  it('train names them too, and ends all workers with the code of numerics', async () => {
    poisonWeight(place, 'model.0.m.3.weight');
    const poisoned = ['--set', 'model.initialWeights=poisoned.safetensors'];
    const run = ['--run', 'poisoned', '--workers', '2'];
    const { code, stderr } = await place.run('train', CONFIG, ...run, ...poisoned);
    assert.equal(code, 6);
    assert.match(stderr, /NON_FINITE: .*"model\.0\.m\.3" is the first layer/);
    assert.match(stderr, /^EXIT code=6 /m);
  });

  it('refuses a second run in the same folder', async () => {
    const { code, stderr } = await refusals.answer('train', CONFIG, '--run', 'run');
    assert.equal(code, 2);
    const go = `RUN_EXISTS: "run" already holds a run. Go on with it by "${LOCKSTEP} resume run"`;
    assert.ok(stderr.startsWith(go), stderr);
  });

  it('leaves no run folder when configuration and data do not fit', async () => {
    const classes = ['--set', 'phases.finetune.data.labelsPerClass=1000'];
    const { code, stderr } = await refusals.answer('train', CONFIG, '--run', 'unfit', ...classes);
    assert.equal(code, 3);
    assert.match(
      stderr,
      /^DATA_INVALID: Phase "finetune": Cannot draw 1000 labelled sequences of class "class-0"/,
    );
    assert.equal(existsSync(place.path('unfit')), false);
  });

  it('refuses sequences that exceed the budget of a micro-batch before anything is started', async () => {
    const budget = ['--set', 'batch.tokensPerMicroBatch=100'];
    const { code, stderr } = await refusals.answer('train', CONFIG, '--run', 'unfit', ...budget);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^CONFIG_INVALID: The evaluation of phase "pretrain": The longest sequence has 1\d\d timesteps, but batch\.tokensPerMicroBatch allows 100; .* set evaluation\.data\.crop to 100 or less\.$/m,
    );
    assert.equal(existsSync(place.path('unfit')), false);
  });

  // The last one: it makes other data in the place of the run's.
  it('refuses to resume with other data', async () => {
    const synth = ['data', 'synth', 'data', '--overwrite', '--count', '30', '--symbols', '11'];
    const lengths = ['--min-length', '40', '--max-length', '160', '--classes', '3'];
    assert.equal((await place.run(...synth, ...lengths)).code, 0);
    const { code, stderr } = await place.run('resume', 'run');
    assert.equal(code, 4);
    assert.match(stderr, /CHECKPOINT_MISMATCH/);
  });
});

/** `poisoned.safetensors`: the weights of the run with one NaN. */
function poisonWeight(place: Workplace, name: string): void {
  const file = place.path('run', 'phases', 'finetune', 'model.safetensors');
  const { tensors } = decodeSafetensors(readFileSync(file), file);
  const poisoned = [...tensors].map(([key, tensor]) => {
    if (key !== name) return tensor;
    const values = floatsOf(tensor).slice();
    values[5] = Number.NaN;
    return floatTensor(key, tensor.shape, values);
  });
  writeFileSync(place.path('poisoned.safetensors'), Buffer.concat(encodeSafetensors(poisoned)));
}
