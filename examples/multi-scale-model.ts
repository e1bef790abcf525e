/**
 * A network of one's own: in each block three convolutions look at the sequence with kernels of three sizes, side
 * by side, and a gate decides for each channel and timestep what is added to the block's input.
 *
 *   lockstep train examples/multi-scale.yaml --extension examples/multi-scale-model.ts
 */
import {
  conv,
  convBatchNorm,
  convParameters,
  defineModel,
  type ForwardContext,
  normParameters,
  numberInput,
  symbolInput,
  type Tensor,
  z,
} from 'lockstep';

const options = z.strictObject({
  /** Channels of each branch. */
  branchChannels: z.int().min(1).max(512).default(8),
  /** Odd kernel sizes, one a branch. */
  kernels: z.array(z.int().min(1).max(63)).min(1).default([3, 9, 27]),
  blocks: z.int().min(1).max(16).default(2),
});

export default defineModel({
  family: 'multi-scale',
  options,
  build: ({ branchChannels, kernels, blocks }, facts) => {
    const channels = branchChannels * kernels.length;
    const names = Array.from({ length: blocks }, (_, block) => `blocks.${block}`);
    const input = facts.symbols > 0 ? symbolInput(facts) : numberInput(facts);
    return {
      channels,
      parameters: [
        ...convParameters('encoder', { out: channels, in: input.channels, kernel: 1, bias: true }),
        ...names.flatMap((name) => [
          ...kernels.flatMap((kernel) =>
            convParameters(`${name}.branch${kernel}`, {
              out: branchChannels,
              in: channels,
              kernel,
              bias: true,
            }),
          ),
          ...convParameters(`${name}.gate`, {
            out: channels,
            in: channels,
            kernel: 1,
            bias: false,
          }),
          ...normParameters({ name: `${name}.norm`, channels }),
        ]),
      ],
      norms: names.map((name) => ({ name: `${name}.norm`, channels })),
      isCausal: false,
      receptiveField: 1 + blocks * (Math.max(...kernels) - 1),
      features: (context) => {
        const encoded = conv(context, layer('encoder', true), input.of(context));
        return names.reduce((x, name) => block(context, name, kernels, x), encoded);
      },
    };
  },
});

const layer = (name: string, bias: boolean) => ({
  name,
  bias,
  dilation: 1,
  padding: 'same' as const,
});

/** `[B, L, C]` → `[B, L, C]`. Every operation keeps the padding zero, so a sequence never sees it. */
function block(
  context: ForwardContext,
  name: string,
  kernels: readonly number[],
  x: Tensor,
): Tensor {
  const { ops } = context;
  const branches = kernels.map((kernel) =>
    conv(context, layer(`${name}.branch${kernel}`, true), x),
  );
  const seen = ops.relu(ops.concatChannels(branches));
  const gate = ops.relu(convBatchNorm(context, layer(`${name}.gate`, false), `${name}.norm`, x));
  return ops.add(x, ops.mul(seen, gate));
}
