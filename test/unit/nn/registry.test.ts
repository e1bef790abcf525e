import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { parseConfig } from '../../../src/config/load.ts';
import { modelSection } from '../../../src/config/model-section.ts';
import { defineModel, defineObjective, defineOptimizer } from '../../../src/nn/define.ts';
import { Registry } from '../../../src/nn/registry.ts';
import { factsOf, PLAIN_SGD } from '../../helper/nn.ts';

/** Features are the values, repeated: enough for a registry. */
const wide = defineModel({
  family: 'wide',
  options: z.object({ width: z.int().min(1).default(4) }),
  build: ({ width }, { symbols }) => ({
    channels: width,
    parameters: [],
    norms: [],
    isCausal: true,
    receptiveField: symbols,
    features: ({ feed }) => feed('values'),
  }),
});

describe('a registry', () => {
  it('knows the built-in definitions, and those that are registered', () => {
    const registry = new Registry();
    registry.register(wide);
    const names = (choice: readonly { readonly name: string }[]) => choice.map(({ name }) => name);
    const { models, objectives, optimizers } = registry.choices();
    assert.deepEqual(names(models), [
      'reference',
      'dilated',
      'causal',
      'resnet',
      'inception',
      'modern-tcn',
      'strided',
      'latent-grams',
      'wide',
    ]);
    assert.deepEqual(names(objectives), [
      'supervised',
      'masked',
      'next-step',
      'contrastive',
      'n-grams',
      'window-order',
      'joint',
    ]);
    assert.deepEqual(names(optimizers), ['adamw', 'sgd']);
    assert.deepEqual(names(registry.pretexts()), [
      'masked',
      'next-step',
      'contrastive',
      'n-grams',
      'window-order',
      'joint',
    ]);
    assert.deepEqual(registry.causalFamilies(factsOf()), ['causal', 'wide']);
  });

  it('builds from the options alone', () => {
    const registry = new Registry([wide]);
    const model = registry.makeModel(
      { family: 'wide', initialWeights: 'nowhere', width: 7 },
      factsOf({ symbols: 9 }),
    );
    assert.deepEqual([model.channels, model.receptiveField], [7, 9]);
  });

  it('takes the same definition twice, and no other one of its name', () => {
    const registry = new Registry([wide]);
    registry.register(wide);
    assert.throws(() => registry.register({ ...wide }), {
      code: 'EXTENSION_INVALID',
      message: 'There are two definitions of the model "wide".',
    });
    const sgd = defineOptimizer({
      kind: 'sgd',
      options: z.strictObject({}),
      build: () => new Registry().makeUpdateRule(PLAIN_SGD),
    });
    assert.throws(() => new Registry().register(sgd), {
      message: 'There are two definitions of the optimizer "sgd".',
    });
  });

  it('names what it knows and what was meant', () => {
    const registry = new Registry();
    assert.throws(() => registry.makeModel({ family: 'casual' }, factsOf()), {
      code: 'CONFIG_INVALID',
      message:
        'model.family is "casual"; known: "reference", "dilated", "causal", "resnet", "inception", "modern-tcn", "strided", "latent-grams". Did you mean "causal"?',
    });
    assert.throws(() => registry.needs({ kind: 'mask' }), /Did you mean "masked"\?$/);
  });
});

describe('the section of a configuration', () => {
  const { models } = new Registry([wide]).choices();
  const parse = (text: string) =>
    parseConfig(z.strictObject({ model: modelSection(models) }), text, 'run.yaml').model;

  it("has the chosen definition's options and defaults", () => {
    assert.deepEqual(parse('model: { family: wide }'), { family: 'wide', width: 4 });
    assert.deepEqual(Object.keys(parse('model: { width: 5, family: wide }')), ['family', 'width']);
  });

  it('refuses what the options refuse, and keys that they lack, at their place', () => {
    assert.throws(() => parse('model: { family: wide, width: 0 }'), {
      message: 'run.yaml:1:24: model.width is 0; allowed: a whole number ≥ 1.',
    });
    assert.throws(() => parse('model: { family: wide, widht: 3 }'), {
      message:
        'run.yaml:1:24: model.widht is no known key; allowed here: family, width, initialWeights. Did you mean "width"?',
    });
  });

  it('names the known families where the chosen one is unknown', () => {
    assert.throws(() => parse('model: { family: wdie }'), {
      message: 'run.yaml:1:10: model.family is "wdie"; allowed: "wide". Did you mean "wide"?',
    });
  });

  it('keeps the checks of the options', () => {
    const options = z
      .strictObject({ low: z.int(), high: z.int() })
      .refine(({ low, high }) => low < high, 'low must be below high');
    const ranged = defineModel({ ...wide, family: 'ranged', options, build: wide.build as never });
    const { models } = new Registry([ranged]).choices();
    const section = z.strictObject({ model: modelSection(models) });
    const text = 'model: { family: ranged, low: 3, high: 2 }';
    assert.throws(() => parseConfig(section, text, 'run.yaml'), /low must be below high/);
  });
});

describe('a definition is refused', () => {
  const refused = (make: () => unknown, message: string) =>
    assert.throws(make, { code: 'EXTENSION_INVALID', message });

  it('without a name', () => {
    refused(
      () => defineModel({ ...wide, family: 'two words' }),
      'defineModel() was given the family "two words".',
    );
  });

  it('without options or a builder', () => {
    refused(
      () => defineModel({ ...wide, options: z.string() as never }),
      'defineModel() of "wide" has options that are no zod object.',
    );
    refused(
      () => defineObjective({ kind: 'mine', options: z.strictObject({}), build: 3 as never }),
      'defineObjective() of "mine" has no function "build".',
    );
  });

  it('with options that would not survive a YAML file', () => {
    const options = z.strictObject({ at: z.string().transform((text) => text.length) });
    refused(
      () => defineModel({ ...wide, options: options as never }),
      'defineModel() of "wide" has options that a YAML file can\'t hold: Transforms cannot be represented in JSON Schema.',
    );
  });
});
