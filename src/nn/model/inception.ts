/**
 * InceptionTime's network (Ismail Fawaz et al. 2020): in each module convolutions of several sizes and a maximum look at
 * the sequence side by side.
 */
import { z } from 'zod';
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import { defineModel } from '../define.ts';
import { batchNorm, conv } from '../layer/forward.ts';
import { convParameters, normParameters } from '../layer/parameters.ts';
import { type Shortcut, shortcut, shortcutNorm, shortcutParameters } from '../layer/shortcut.ts';
import { chosenInput, inputOption } from './chosen-input.ts';
import type { NormDescription, ParameterDescription } from './model.ts';

const width = z.int().min(1).max(1024);

const options = z.strictObject({
  /** Number of modules. */
  depth: z.int().min(1).max(64).default(6),
  /** Channels of each branch of a module. */
  filters: width.default(32),
  /** Channels to which a module narrows its input before the convolutions. */
  bottleneck: width.default(32),
  /** Kernel sizes of the branches; one more branch takes maxima of three timesteps. */
  kernels: z.array(z.int().min(1).max(255)).min(1).max(16).default([40, 20, 10]),
  input: inputOption,
});

const POOL_SIZE = 3;
/** So many modules have one shortcut beside them. */
const MODULES_OF_SHORTCUT = 3;

/** Receptive field: 1 + depth · (largest kernel − 1) timesteps, 235 by default. */
export const inception = defineModel({
  family: 'inception',
  options,
  build: ({ depth, filters, bottleneck, kernels, ...choice }, facts) => {
    const { input, reads } = chosenInput(choice, facts);
    const channels = filters * (kernels.length + 1);
    const modules = Array.from({ length: depth }, (_, index): Module => {
      const name = `model.${index}`;
      const isLast = index % MODULES_OF_SHORTCUT === MODULES_OF_SHORTCUT - 1;
      const from = index < MODULES_OF_SHORTCUT ? input.channels : channels;
      return {
        ...{ name, filters, bottleneck, kernels, channels },
        in: index === 0 ? input.channels : channels,
        ...(isLast && {
          shortcut: { name: `${name}.shortcut`, in: from, out: channels, convolves: true },
        }),
      };
    });
    return {
      channels,
      parameters: modules.flatMap(parametersOf),
      norms: modules.flatMap(normsOf),
      reads,
      isCausal: false,
      receptiveField: 1 + depth * (Math.max(POOL_SIZE, ...kernels) - 1),
      features: (context) => {
        const start = input.of(context);
        return modules.reduce((state, module) => step(context, module, state), {
          x: start,
          beside: start,
        }).x;
      },
    };
  },
});

interface Module {
  /** E.g. `model.0`. */
  readonly name: string;
  /** Channels that come in. */
  readonly in: number;
  /** Channels that come out. */
  readonly channels: number;
  readonly filters: number;
  readonly bottleneck: number;
  readonly kernels: readonly number[];
  /** What is added behind it. */
  readonly shortcut?: Shortcut;
}

/** One channel is narrow already. */
const isNarrowed = (module: Module): boolean => module.in > 1;

function parametersOf(module: Module): ParameterDescription[] {
  const { name, kernels, filters, bottleneck, channels } = module;
  const without = { bias: false };
  const narrow = { out: bottleneck, in: module.in, kernel: 1, ...without };
  const seen = isNarrowed(module) ? bottleneck : module.in;
  return [
    ...(isNarrowed(module) ? convParameters(`${name}.bottleneck`, narrow) : []),
    ...kernels.flatMap((kernel, index) =>
      convParameters(`${name}.convs.${index}`, { out: filters, in: seen, kernel, ...without }),
    ),
    ...convParameters(`${name}.pooled`, { out: filters, in: module.in, kernel: 1, ...without }),
    ...normParameters({ name: `${name}.norm`, channels }),
    ...(module.shortcut ? shortcutParameters(module.shortcut) : []),
  ];
}

function normsOf({ name, channels, shortcut }: Module): NormDescription[] {
  return [{ name: `${name}.norm`, channels }, ...(shortcut ? [shortcutNorm(shortcut)] : [])];
}

interface State {
  readonly x: Tensor;
  /** What the next shortcut starts from. */
  readonly beside: Tensor;
}

function step(context: ForwardContext, module: Module, { x, beside }: State): State {
  const { ops } = context;
  const y = branches(context, module, x);
  if (module.shortcut === undefined) return { x: y, beside };
  const sum = ops.add(shortcut(context, module.shortcut, beside), y);
  const next = ops.tap(module.name, ops.relu(sum));
  return { x: next, beside: next };
}

/** `[B, L, in]` → `[B, L, channels]`. */
function branches(context: ForwardContext, module: Module, x: Tensor): Tensor {
  const { ops } = context;
  const { name, kernels } = module;
  const narrow = isNarrowed(module) ? conv(context, layer(`${name}.bottleneck`), x) : x;
  const seen = kernels.map((_, index) => conv(context, layer(`${name}.convs.${index}`), narrow));
  const pooled = conv(context, layer(`${name}.pooled`), ops.maxPool1d(x, POOL_SIZE));
  const all = batchNorm(context, `${name}.norm`, ops.concatChannels([...seen, pooled]));
  return ops.tap(`${name}.relu`, ops.relu(all));
}

const layer = (name: string) => ({ name, dilation: 1, bias: false, padding: 'same' }) as const;
