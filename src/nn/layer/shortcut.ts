/**
 * What stands beside the layers of a residual block: a norm, behind a convolution of one timestep where the channels
 * differ (numbered 0 and 1 as in PyTorch's Sequential).
 */
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import type { NormDescription, ParameterDescription } from '../model/model.ts';
import { batchNorm, convBatchNorm } from './forward.ts';
import { convParameters, normParameters } from './parameters.ts';

export interface Shortcut {
  /** E.g. `model.0.shortcut`. */
  readonly name: string;
  /** Channels that come in. */
  readonly in: number;
  readonly out: number;
  /** Whether it convolves; without, `in` must be `out`. */
  readonly convolves: boolean;
}

export function shortcutNorm({ name, out }: Shortcut): NormDescription {
  return { name: `${name}.1`, channels: out };
}

export function shortcutParameters(shortcut: Shortcut): ParameterDescription[] {
  const { name, out, convolves } = shortcut;
  const size = { out, in: shortcut.in, kernel: 1, bias: false };
  return [
    ...(convolves ? convParameters(`${name}.0`, size) : []),
    ...normParameters(shortcutNorm(shortcut)),
  ];
}

/** `[B, L, in]` → `[B, L, out]`. */
export function shortcut(
  context: ForwardContext,
  { name, convolves }: Shortcut,
  x: Tensor,
): Tensor {
  const norm = `${name}.1`;
  if (!convolves) return batchNorm(context, norm, x);
  const layer = { name: `${name}.0`, dilation: 1, bias: false, padding: 'same' } as const;
  return convBatchNorm(context, layer, norm, x);
}
