/**
 * Reads the values that PyTorch computed once (`make-fixtures.py`): `NAME.safetensors` holds the
 * tensors, `NAME.json` the settings. README.md describes both.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const FOLDER = new URL('../fixture/parity/', import.meta.url);

export const MODEL_FIXTURES = [
  'reference-sgd',
  'reference-sgd-weighted',
  'reference-sgd-64',
  'reference-unpadded',
  'reference-masked',
  'two-micro-batches',
  'dilated-supervised',
  'dilated-masked-classification',
  'dilated-masked-regression',
  'causal-supervised',
  'causal-next-step-classification',
  'causal-next-step-regression',
  'dilated-contrastive',
  'resnet-supervised',
  'resnet-masked-classification',
  'inception-supervised',
  'modern-tcn-supervised',
  'strided-supervised',
  'strided-masked-classification',
] as const;

export const OPTIMIZER_FIXTURES = [
  'adamw',
  'adamw-clipped',
  'sgd-momentum',
  'sgd-momentum-clipped',
] as const;

export type ModelFixtureName = (typeof MODEL_FIXTURES)[number];
export type OptimizerFixtureName = (typeof OPTIMIZER_FIXTURES)[number];

const sizes = { classes: z.int(), symbols: z.int(), pretextOutputs: z.int().optional() };
const shared = { ...sizes, channels: z.int(), maskValue: z.number() };
const input = z.enum(['embedding', 'value']);

const modelSettings = z.object({
  about: z.string(),
  model: z.discriminatedUnion('family', [
    z.object({ family: z.literal('reference'), ...shared }),
    z.object({
      family: z.enum(['dilated', 'causal']),
      ...shared,
      input,
      dilations: z.array(z.int()),
      kernel: z.int(),
    }),
    z.object({
      family: z.literal('resnet'),
      ...sizes,
      input,
      blocks: z.array(z.int()),
      kernels: z.array(z.int()),
    }),
    z.object({
      family: z.literal('modern-tcn'),
      ...sizes,
      input,
      channels: z.int(),
      depth: z.int(),
      stem: z.int(),
      kernel: z.int(),
      expansion: z.int(),
    }),
    z.object({
      family: z.literal('strided'),
      ...sizes,
      input,
      stages: z.array(z.int()),
      depth: z.int(),
      stride: z.int(),
      stem: z.int(),
      kernel: z.int(),
      decoder: z.boolean(),
    }),
    z.object({
      family: z.literal('inception'),
      ...sizes,
      input,
      depth: z.int(),
      filters: z.int(),
      bottleneck: z.int(),
      kernels: z.array(z.int()),
    }),
  ]),
  objective: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('supervised'), classWeights: z.array(z.number()).nullable() }),
    z.object({
      kind: z.enum(['masked', 'next-step']),
      target: z.enum(['classification', 'regression']),
    }),
    z.object({ kind: z.literal('contrastive'), temperature: z.number() }),
  ]),
  /** Null where only one step's gradient was taken. */
  optimizer: z
    .object({ kind: z.literal('sgd'), momentum: z.number(), learningRate: z.number() })
    .nullable(),
  statisticsMomentum: z.number(),
  batchNormEpsilon: z.number(),
  /** Largest |float32 − float64| of each kind of tensor, in PyTorch itself. */
  float32Deviation: z.record(z.string(), z.number()),
  steps: z.array(
    z.object({
      /** Σ loss sums / Σ weights over the step's micro-batches. */
      loss: z.number(),
      microBatches: z.array(
        z.object({
          rows: z.int(),
          paddedLength: z.int(),
          validPositions: z.int(),
          lossSum: z.number(),
          weight: z.number(),
        }),
      ),
    }),
  ),
});

const clipNorm = z.number().nullable();

const optimizerSettings = z.object({
  about: z.string(),
  optimizer: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('adamw'),
      beta1: z.number(),
      beta2: z.number(),
      epsilon: z.number(),
      weightDecay: z.number(),
      clipNorm,
    }),
    z.object({
      kind: z.literal('sgd'),
      momentum: z.number(),
      weightDecay: z.number(),
      clipNorm,
    }),
  ]),
  /** `gradientNorm` is the global norm before clipping. */
  steps: z.array(z.object({ learningRate: z.number(), gradientNorm: z.number() })),
});

export type ModelSettings = z.output<typeof modelSettings>;
export type OptimizerSettings = z.output<typeof optimizerSettings>;
export type AnyFixtureName = ModelFixtureName | OptimizerFixtureName;
export type SettingsOf<N extends AnyFixtureName> = N extends ModelFixtureName
  ? ModelSettings
  : OptimizerSettings;

export interface ParityTensor<D extends Float32Array | Int32Array = Float32Array | Int32Array> {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: D;
}

export interface Fixture<S> {
  readonly settings: S;
  readonly tensors: ReadonlyMap<string, ParityTensor>;
  /** @throws Error if there is no float32 tensor of that name */
  float(name: string): ParityTensor<Float32Array>;
  /** @throws Error if there is no int32 tensor of that name */
  int(name: string): ParityTensor<Int32Array>;
  /** The float32 tensors whose names start with `prefix` + "/", by the rest of their names. */
  under(prefix: string): Map<string, ParityTensor<Float32Array>>;
}

/** Reads a fixture by name; every call gives arrays of its own. */
export function loadFixture<N extends AnyFixtureName>(name: N): Fixture<SettingsOf<N>> {
  const text = readFileSync(new URL(`${name}.json`, FOLDER), 'utf8');
  const schema = isModelFixture(name) ? modelSettings : optimizerSettings;
  const settings = schema.parse(JSON.parse(text)) as SettingsOf<N>;
  const tensors = readSafetensors(readFileSync(new URL(`${name}.safetensors`, FOLDER)));
  const float = (key: string) => ofType(name, key, tensors.get(key), Float32Array);
  const int = (key: string) => ofType(name, key, tensors.get(key), Int32Array);
  const under = (prefix: string) => {
    const keys = [...tensors.keys()].filter((key) => key.startsWith(`${prefix}/`));
    return new Map(keys.map((key) => [key.slice(prefix.length + 1), float(key)]));
  };
  return { settings, tensors, float, int, under };
}

/** The tensors of `layers.safetensors`, by name. */
export function loadLayers(): ReadonlyMap<string, ParityTensor> {
  return readSafetensors(readFileSync(new URL('layers.safetensors', FOLDER)));
}

function isModelFixture(name: AnyFixtureName): name is ModelFixtureName {
  return (MODEL_FIXTURES as readonly string[]).includes(name);
}

function ofType<D extends Float32Array | Int32Array>(
  fixture: string,
  name: string,
  tensor: ParityTensor | undefined,
  type: { new (length: number): D; readonly name: string },
): ParityTensor<D> {
  if (tensor?.data instanceof type) return { shape: tensor.shape, data: tensor.data };
  throw new Error(`Fixture "${fixture}" has no ${type.name} called "${name}".`);
}

const entry = z.object({
  dtype: z.enum(['F32', 'I32']),
  shape: z.array(z.int()),
  data_offsets: z.tuple([z.int(), z.int()]),
});

/** An independent reader of safetensors, so that the tests do not lean on the code under test. */
function readSafetensors(file: Buffer): Map<string, ParityTensor> {
  const headerEnd = 8 + Number(file.readBigUInt64LE(0));
  const header = z.record(z.string(), entry).parse(JSON.parse(file.toString('utf8', 8, headerEnd)));
  return new Map(
    Object.entries(header).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        const bytes = new Uint8Array(file.subarray(headerEnd + begin, headerEnd + end)).buffer;
        const data = dtype === 'F32' ? new Float32Array(bytes) : new Int32Array(bytes);
        return [name, { shape, data }];
      },
    ),
  );
}
