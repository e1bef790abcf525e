import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { hashConfig, parseConfig, resolvedConfigToYaml } from '../../../src/config/load.ts';
import { LockstepError } from '../../../src/core/errors.ts';
import { loadRunConfig, parseRunConfig } from '../../../src/run/config.ts';

const GOOD = `name: demo
seed: 7
data:
  store: data/demo
model:
  family: dilated
  channels: 16
batch:
  microBatches: 4
  tokensPerMicroBatch: 2048
phases:
  - name: pretrain
    start: fresh
    objective:
      kind: masked
    optimizer:
      kind: adamw
      beta1: 0.9
    learningRate:
      kind: constant
      value: 0.001
    duration:
      steps: 100
  - name: finetune
    start: { phase: pretrain }
    objective: { kind: supervised }
    optimizer: { kind: sgd }
    learningRate: { kind: warmup-cosine, peak: 0.1 }
    duration: { epochs: 2 }
`;

const parse = (text: string, overrides: string[] = []) =>
  parseRunConfig(text, 'run.yaml', overrides);

function errorOf(run: () => unknown): LockstepError {
  try {
    run();
  } catch (thrown) {
    assert.ok(thrown instanceof LockstepError, String(thrown));
    return thrown;
  }
  return assert.fail('nothing was refused');
}

describe('a complete configuration', () => {
  it('is read with its defaults filled in', () => {
    const config = parse(GOOD);
    assert.equal(config.seed, 7);
    assert.deepEqual(config.engine, {
      kind: 'auto',
      threadsPerWorker: 1,
      formulations: 'auto',
      numerics: 'strict',
      tf32: false,
      xla: false,
    });
    assert.deepEqual(config.phases[0]!.duration, { steps: 100 });
    assert.deepEqual(config.phases[1]!.start, { phase: 'pretrain' });
    assert.deepEqual(config.checkpoint, { everySteps: 200, keep: 2 });
  });

  it('written out and read again is the same, with the same hash', () => {
    const config = parse(GOOD);
    const again = parse(resolvedConfigToYaml(config));
    assert.deepEqual(again, config);
    assert.equal(hashConfig(again), hashConfig(config));
    assert.notEqual(hashConfig(parse(GOOD, ['seed=8'])), hashConfig(config));
  });

  it('may use anchors and merge keys', () => {
    const text = GOOD.replace('optimizer:\n', 'optimizer: &o\n').replace(
      '{ kind: sgd }',
      '{ <<: *o, beta1: 0.5 }',
    );
    assert.deepEqual(parse(text).phases[1]!.optimizer, {
      ...parse(GOOD).phases[0]!.optimizer,
      beta1: 0.5,
    });
  });

  it('evaluates on the validation split unless told otherwise', () => {
    const subset = (data: string) =>
      parse(GOOD, [`phases.0.evaluation={everySteps: 5${data}}`]).phases[0]!.evaluation!.data.split;
    assert.equal(subset(''), 'validation');
    assert.equal(subset(', data: {maxSequences: 9}'), 'validation');
    assert.equal(subset(', data: {split: test}'), 'test');
  });
});

/** What is replaced in the good configuration, by what, and every line of the refusal. */
const MISTAKES: readonly (readonly [string, string, string])[] = [
  [
    'seed: 7',
    'seeed: 7',
    'run.yaml:2:1: seeed is no known key; allowed here: name, seed, data, model, batch, engine, phases, nonFinite, replicaCheck, checkpoint. Did you mean "seed"?',
  ],
  [
    'model:',
    'modle:',
    'run.yaml:5:1: modle is no known key; allowed here: name, seed, data, model, batch, engine, phases, nonFinite, replicaCheck, checkpoint. Did you mean "model"?',
  ],
  [
    'family: dilated',
    'family: dilatd',
    'run.yaml:6:3: model.family is "dilatd"; allowed: "reference" or "dilated" or "causal" or "resnet" or "inception" or "modern-tcn" or "strided" or "latent-grams". Did you mean "dilated"?',
  ],
  [
    'family: dilated',
    'family: ngram',
    'run.yaml:6:3: model.family is "ngram"; allowed: "reference" or "dilated" or "causal" or "resnet" or "inception" or "modern-tcn" or "strided" or "latent-grams". It is called "latent-grams" now.',
  ],
  [
    'family: dilated',
    'famly: dilated',
    'run.yaml:6:3: model.famly is no known key; allowed here: family, channels, maskValue, initialWeights, input, dilations, dropout, kernel, blocks, kernels, depth, filters, bottleneck, stem, expansion, stages, stride, decoder, orders, buckets, fitSequences. Did you mean "family"?',
  ],
  [
    '  family: dilated\n',
    '',
    'run.yaml:5:1: model.family is missing; allowed: "reference" or "dilated" or "causal" or "resnet" or "inception" or "modern-tcn" or "strided" or "latent-grams".',
  ],
  [
    'seed: 7',
    'seed: seven',
    'run.yaml:2:1: seed is "seven"; allowed: a whole number from 0 to 4294967295.',
  ],
  [
    'seed: 7',
    'seed: -1',
    'run.yaml:2:1: seed is -1; allowed: a whole number from 0 to 4294967295.',
  ],
  [
    'seed: 7',
    'seed: 1.5',
    'run.yaml:2:1: seed is 1.5; allowed: a whole number from 0 to 4294967295.',
  ],
  [
    'seed: 7',
    'seed:',
    'run.yaml:2:1: seed is empty; allowed: a whole number from 0 to 4294967295.',
  ],
  [
    'name: demo',
    'name: my demo',
    'run.yaml:1:1: name is "my demo": letters, digits, ".", "_" and "-" only.',
  ],
  [
    'store: data/demo',
    'store: ""',
    'run.yaml:4:3: data.store is ""; allowed: text that is not empty.',
  ],
  [
    'data:\n  store: data/demo\n',
    '',
    'run.yaml:1:1: data is missing; allowed: a section with at least store.',
  ],
  [
    'data:\n  store: data/demo',
    'data: data/demo',
    'run.yaml:3:1: data is "data/demo"; allowed: a section with at least store.',
  ],
  [
    'channels: 16',
    'channels: "16"',
    'run.yaml:7:3: model.channels is "16"; allowed: a whole number from 1 to 4096.',
  ],
  [
    'channels: 16',
    'channels: 99999',
    'run.yaml:7:3: model.channels is 99999; allowed: a whole number from 1 to 4096.',
  ],
  ['channels: 16', 'kernel: 4', 'run.yaml:7:3: model.kernel is 4: must be odd.'],
  [
    'channels: 16',
    'dilations: []',
    'run.yaml:7:3: model.dilations is an empty list; allowed: a list of 1 to 64, each a whole number from 1 to 16384.',
  ],
  [
    'channels: 16',
    'dilations: [1, two]',
    'run.yaml:7:18: model.dilations.1 is "two"; allowed: a whole number from 1 to 16384.',
  ],
  [
    'kind: masked',
    'kind: mask',
    'run.yaml:15:7: phases.0.objective.kind is "mask"; allowed: "supervised" or "masked" or "next-step" or "contrastive" or "n-grams" or "window-order" or "joint". Did you mean "masked"?',
  ],
  [
    'kind: masked',
    'kind: masked\n      fraction: 1.5',
    'run.yaml:16:7: phases.0.objective.fraction is 1.5; allowed: a number > 0 and < 1 or a list of 1 to 16, each a number > 0 and < 1.',
  ],
  [
    'kind: masked',
    'kind: masked\n      classWeights: none',
    'run.yaml:16:7: phases.0.objective.classWeights is no known key; allowed with kind "masked": kind, fraction, span, target, channels, kept, replaced.',
  ],
  [
    'kind: adamw',
    'kind: adam',
    'run.yaml:17:7: phases.0.optimizer.kind is "adam"; allowed: "adamw" or "sgd". Did you mean "adamw"?',
  ],
  [
    'beta1: 0.9',
    'lr: 0.1',
    'run.yaml:18:7: phases.0.optimizer.lr is no known key; allowed with kind "adamw": kind, beta1, beta2, epsilon, weightDecay, clipNorm, groups.',
  ],
  [
    'kind: sgd',
    'kind: sgd, beta1: 0.9',
    'run.yaml:27:29: phases.1.optimizer.beta1 is no known key; allowed with kind "sgd": kind, momentum, weightDecay, clipNorm, groups.',
  ],
  [
    'value: 0.001',
    'value: 0',
    'run.yaml:21:7: phases.0.learningRate.value is 0; allowed: a number > 0.',
  ],
  [
    'value: 0.001',
    'peak: 0.1',
    'run.yaml:19:5: phases.0.learningRate.value is missing; allowed: a number > 0.\nrun.yaml:21:7: phases.0.learningRate.peak is no known key; allowed with kind "constant": kind, value.',
  ],
  [
    'steps: 100',
    'stpes: 100',
    'run.yaml:23:7: phases.0.duration.stpes is no known key; allowed here: steps, epochs. Did you mean "steps"?',
  ],
  [
    'steps: 100',
    'steps: 0',
    'run.yaml:23:7: phases.0.duration.steps is 0; allowed: a whole number ≥ 1.',
  ],
  [
    'steps: 100',
    'steps: many',
    'run.yaml:23:7: phases.0.duration.steps is "many"; allowed: a whole number ≥ 1.',
  ],
  [
    'steps: 100',
    'steps: 3\n      epochs: 4',
    'run.yaml:22:5: phases.0.duration is a section of steps, epochs; allowed: { steps: a whole number ≥ 1 } or { epochs: a whole number ≥ 1 }.',
  ],
  [
    '    duration:\n      steps: 100\n',
    '',
    'run.yaml:12:5: phases.0.duration is missing; allowed: { steps: a whole number ≥ 1 } or { epochs: a whole number ≥ 1 }.',
  ],
  [
    'duration: { epochs: 2 }',
    'duration: 2',
    'run.yaml:29:5: phases.1.duration is 2; allowed: { steps: a whole number ≥ 1 } or { epochs: a whole number ≥ 1 }.',
  ],
  [
    'duration: { epochs: 2 }',
    'duration: {}',
    'run.yaml:29:5: phases.1.duration is an empty section; allowed: { steps: a whole number ≥ 1 } or { epochs: a whole number ≥ 1 }.',
  ],
  [
    'start: fresh',
    'start: frsh',
    'run.yaml:13:5: phases.0.start is "frsh"; allowed: "fresh" or "previous" or { phase: text } or { fresh: a whole number from 0 to 4294967295 }. Did you mean "fresh"?',
  ],
  [
    'start: fresh',
    'start: previous',
    'run.yaml:13:5: phases.0.start is "previous": there is no phase before the first; use "fresh".',
  ],
  [
    '{ phase: pretrain }',
    '{ phase: pretrian }',
    'run.yaml:25:14: phases.1.start.phase is "pretrian": no earlier phase has this name; earlier: pretrain. Did you mean "pretrain"?',
  ],
  [
    '{ phase: pretrain }',
    '{ phse: pretrain }',
    'run.yaml:25:14: phases.1.start.phse is no known key; allowed here: phase, fresh. Did you mean "phase"?',
  ],
  [
    '{ phase: pretrain }',
    '{ phase: 3 }',
    'run.yaml:25:14: phases.1.start.phase is 3; allowed: text.',
  ],
  [
    'name: finetune',
    'name: pretrain',
    'run.yaml:24:5: phases.1.name is "pretrain": an earlier phase has this name.',
  ],
  [
    '{ kind: supervised }',
    '{ kind: supervised, classWeights: balnced }',
    'run.yaml:26:36: phases.1.objective.classWeights is "balnced"; allowed: "none" or "balanced" or a list of at least 2, each a number > 0. Did you mean "balanced"?',
  ],
  [
    '{ kind: supervised }',
    '{ kind: supervised, classWeights: [1] }',
    'run.yaml:26:36: phases.1.objective.classWeights is [1]; allowed: "none" or "balanced" or a list of at least 2, each a number > 0.',
  ],
  [
    '{ kind: supervised }',
    '{ kind: supervised, classWeights: [1, -1] }',
    'run.yaml:26:54: phases.1.objective.classWeights.1 is -1; allowed: a number > 0.',
  ],
  [
    'learningRate: {',
    'learning_rate: {',
    'run.yaml:28:5: phases.1.learning_rate is no known key; allowed here: name, start, objective, data, batch, optimizer, learningRate, duration, statisticsMomentum, evaluation, weightAverage. Did you mean "learningRate"?',
  ],
  ['seed: 7', 'seed: 7\nseed: 8', 'run.yaml:3:1: Map keys must be unique.'],
  [
    'seed: 7',
    'seed: [7',
    'run.yaml:3:1: Flow sequence in block collection must be sufficiently indented and end with a ].',
  ],
  ['seed: 7', 'seed: !!js 7', 'run.yaml:2:7: Unresolved tag: tag:yaml.org,2002:js.'],
  [
    'seed: 7',
    'checkpoint: 5',
    'run.yaml:2:1: checkpoint is 5; allowed: { everySteps: a whole number ≥ 1, keep: a whole number ≥ 1 }.',
  ],
];

describe('a mistake is refused with its place, what was found and what is allowed', () => {
  for (const [good, bad, message] of MISTAKES) {
    it(JSON.stringify(bad || `without ${good}`), () => {
      assert.ok(GOOD.includes(good));
      const error = errorOf(() => parse(GOOD.replace(good, bad)));
      assert.equal(error.code, 'CONFIG_INVALID');
      assert.equal(error.message, message);
    });
  }

  it('all mistakes come at once, each on a line of the message, all on one line of the log', () => {
    const error = errorOf(() => parse(GOOD.replace('seed: 7', 'seed: -7').replace('sgd', 'sdg')));
    assert.deepEqual(error.message.split('\n'), [
      'run.yaml:2:1: seed is -7; allowed: a whole number from 0 to 4294967295.',
      'run.yaml:27:18: phases.1.optimizer.kind is "sdg"; allowed: "adamw" or "sgd". Did you mean "sgd"?',
    ]);
    assert.equal(error.advice, 'Correct these 2 problems and run the command again.');
    assert.ok(!error.toLine().includes('\n'));
  });

  it('so is a file that is no section', () => {
    const message = (text: string) => errorOf(() => parse(text)).message;
    assert.equal(message(''), 'run.yaml: the file is empty; allowed: a section of keys.');
    assert.equal(message('- a'), 'run.yaml: the file is a list; allowed: a section of keys.');
    assert.equal(message('3'), 'run.yaml: the file is a single value; allowed: a section of keys.');
  });

  it('so is a file that unfolds without end', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x]'];
    for (const [name, before] of ['ba', 'cb', 'dc', 'ed', 'fe'] as unknown as string[][]) {
      bomb.push(`${name}: &${name} [${Array(8).fill(`*${before}`).join(', ')}]`);
    }
    assert.equal(errorOf(() => parse(bomb.join('\n'))).code, 'CONFIG_INVALID');
  });
});

describe('--set', () => {
  it('replaces values by key, by position and by the name of a phase', () => {
    const config = parse(GOOD, [
      'seed=9',
      'phases.0.duration.steps=3',
      'phases.finetune.learningRate={kind: constant, value: 1e-3}',
      'checkpoint.everySteps=5',
      'name=first',
      'name=x.y',
    ]);
    assert.equal(config.seed, 9);
    assert.deepEqual(config.phases[0]!.duration, { steps: 3 });
    assert.deepEqual(config.phases[1]!.learningRate, { kind: 'constant', value: 0.001 });
    assert.deepEqual(config.checkpoint, { everySteps: 5, keep: 2 });
    assert.equal(config.name, 'x.y');
  });

  it('of one alternative drops the other one', () => {
    const durations = (option: string) => parse(GOOD, [option]).phases.map((p) => p.duration);
    const [first, second] = durations('name=x');
    assert.deepEqual(durations('phases.pretrain.duration.epochs=3'), [{ epochs: 3 }, second]);
    assert.deepEqual(durations('phases.finetune.duration.steps=3'), [first, { steps: 3 }]);
  });

  it('of another kind drops what belongs to the old one, and keeps what both know', () => {
    const { objective } = parse(GOOD, ['phases.pretrain.objective.kind=contrastive']).phases[0]!;
    assert.deepEqual(objective, { kind: 'contrastive', temperature: 0.1, dimensions: 64 });
    const [model, kept] = ['family=reference', 'channels=8'].map((set) => `model.${set}`);
    assert.deepEqual(parse(GOOD, [kept!, model!]).model, {
      family: 'reference',
      channels: 8,
      maskValue: -1,
    });
  });

  it('of two alternatives is refused', () => {
    const both = ['steps=3', 'epochs=3'].map((set) => `phases.pretrain.duration.${set}`);
    assert.throws(() => parse(GOOD, both), { code: 'CONFIG_INVALID' });
  });

  it('of an option that another kind has is refused, and nothing is dropped', () => {
    const set = 'phases.finetune.objective.fraction=0.3';
    assert.match(errorOf(() => parse(GOOD, [set])).message, /fraction is no known key/);
  });

  const refusals: readonly (readonly [string, string])[] = [
    [
      'lr=0.1',
      'lr is no known key; allowed here: name, seed, data, model, batch, engine, phases, nonFinite, replicaCheck, checkpoint. Did you mean phases.pretrain.learningRate.value or phases.finetune.learningRate.peak?',
    ],
    [
      'phases.finetune.lr=0.1',
      'phases.1.lr is no known key; allowed here: name, start, objective, data, batch, optimizer, learningRate, duration, statisticsMomentum, evaluation, weightAverage. Did you mean phases.finetune.learningRate.peak?',
    ],
    [
      'phases.pretrain.learningRate=0.1',
      'phases.0.learningRate is 0.1; allowed: { kind: "constant", … } or { kind: "warmup-cosine", … }. Did you mean phases.pretrain.learningRate.value or phases.pretrain.learningRate.peak?',
    ],
    [
      'phases.pretrain.duration.steps=x',
      'phases.0.duration.steps is "x"; allowed: a whole number ≥ 1.',
    ],
    [
      'phases.pretrian.seed=2',
      'phases has no entry "pretrian", it has 2 (pretrain, finetune). Did you mean "pretrain"?',
    ],
    ['phases.7.name=a', 'phases has no entry "7", it has 2 (pretrain, finetune).'],
    ['seed.x=1', 'seed is 7, which has no keys.'],
    ['seed', 'it must look like key.path=value.'],
    ['=3', 'it must look like key.path=value.'],
    ['a..b=3', 'it must look like key.path=value.'],
    ['seed=[', 'its value is not valid YAML: Flow sequence must end with a ].'],
    ['data.store=', 'data.store is empty; allowed: text that is not empty.'],
    [
      'engine.threads=2',
      'engine.threads is no known key; allowed here: kind, threadsPerWorker, formulations, tuned, numerics, tf32, xla. Did you mean engine.threadsPerWorker?',
    ],
    [
      '__proto__.x=1',
      '__proto__ is no known key; allowed here: name, seed, data, model, batch, engine, phases, nonFinite, replicaCheck, checkpoint.',
    ],
  ];
  for (const [option, sentence] of refusals) {
    it(`refuses ${option}`, () => {
      const error = errorOf(() => parse(GOOD, [option]));
      assert.equal(error.code, 'CONFIG_INVALID');
      assert.equal(error.message, `--set ${option}: ${sentence}`);
    });
  }
});

it('--set changes one place, also where an anchor is used twice', () => {
  const text = GOOD.replace('optimizer:\n', 'optimizer: &o\n').replace('{ kind: sgd }', '*o');
  const config = parse(text, ['phases.finetune.optimizer.beta1=0.5']);
  const betas = config.phases.map(({ optimizer }) => 'beta1' in optimizer && optimizer.beta1);
  assert.deepEqual(betas, [0.9, 0.5]);
});

describe('a configuration file', () => {
  it('is refused when an alias lies within what it stands for, is nested too deep, or is too large', () => {
    for (const text of ['name: &a [*a]\n', 'name: &a\n  b: *a\n']) {
      const error = errorOf(() => parseRunConfig(text, 'run.yaml'));
      assert.equal(error.code, 'CONFIG_INVALID');
      assert.match(error.message, /^run\.yaml: an alias lies within what it stands for/);
    }
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    const path = join(folder, 'huge.yaml');
    writeFileSync(path, 'x'.repeat(2 ** 20 + 1));
    assert.match(errorOf(() => loadRunConfig(path)).message, /it has more than 1 MiB\.$/);
    rmSync(folder, { recursive: true });
  });

  it('is read from disk, and named by its path in an error', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    const path = join(folder, 'tiny.yaml');
    writeFileSync(path, GOOD);
    assert.equal(loadRunConfig(path).name, 'demo');
    const error = errorOf(() => loadRunConfig(join(folder, 'tniy.yaml')));
    assert.equal(error.code, 'CONFIG_NOT_FOUND');
    assert.equal(
      error.message,
      `Cannot read the configuration "${join(folder, 'tniy.yaml')}": there is no such file.`,
    );
    assert.equal(error.advice, `Did you mean "${path}"?`);
    assert.match(errorOf(() => loadRunConfig(folder)).message, /it is a folder\./);
    const table = join(folder, 'in.csv');
    writeFileSync(table, 'id,values,class\na,1 2,x\n');
    const { message, advice } = errorOf(() => loadRunConfig(table));
    assert.match(message, /it is a file of data\./);
    assert.match(
      advice,
      /data import .*in\.csv data\/in --id id --label class", and study that: ".*study data\/in"\.$/,
    );
    rmSync(folder, { recursive: true });
  });

  it('that is absent with its folder gets no suggestion', () => {
    const { code } = errorOf(() => loadRunConfig('no-such-folder/a.yaml'));
    assert.equal(code, 'CONFIG_NOT_FOUND');
  });
});

describe("a value under a key of one's own choice", () => {
  it('is told what it may be, as under any other key', () => {
    const schema = z.strictObject({
      networks: z.record(z.string(), z.strictObject({ draws: z.int().min(3).max(100) })),
    });
    assert.throws(() => parseConfig(schema, 'networks: { mine: { draws: 2 } }', 'grid.yaml'), {
      message: 'grid.yaml:1:21: networks.mine.draws is 2; allowed: a whole number from 3 to 100.',
    });
  });
});
