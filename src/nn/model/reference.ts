/** The first user's network, with that user's parameter names: receptive field of 5 timesteps. */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import type { DataFacts } from '../../data/facts.ts';
import { defineModel } from '../define.ts';
import { hidesByValue, numberInput } from './input.ts';
import { channelsOption, maskValueOption, residualNetwork } from './residual-network.ts';

export const reference = defineModel({
  family: 'reference',
  options: z.strictObject({ channels: channelsOption, maskValue: maskValueOption }),
  build: ({ channels, maskValue }, facts) => ({
    ...residualNetwork({
      channels,
      blocks: [{ name: 'model.0', channels, kernel: 3, dilation: 1, bias: true, causal: false }],
      input: numberInput(facts, { maskValue, flags: false }),
    }),
    reads: 'numbers',
    checkFeeds: (feeds) => {
      if (feeds.has('mask') && hidesByValue(facts)) refuseVisibleMask(maskValue, facts);
    },
  }),
});

/** On one channel a hidden timestep must hold a value that no visible one can have. */
function refuseVisibleMask(maskValue: number, { valueRange }: DataFacts): void {
  const { minimum, maximum } = valueRange;
  if (maskValue < minimum || maskValue > maximum) return;
  throw new LockstepError(
    'CONFIG_INVALID',
    `Hidden timesteps hold model.maskValue ${maskValue}, which is within the range of the data (${minimum}…${maximum}): they would look like visible ones.`,
    `Set model.maskValue outside the range, such as ${Math.floor(minimum) - 1}.`,
  );
}
