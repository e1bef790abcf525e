import { rocket } from '../../workflow/rocket/rocket.ts';
import { describeMerit, fitCommand } from '../fit-command.ts';

const HELD_OUT_BY = { ridge: 'leave-one-out', logistic: 'five-fold' } as const;

export const rocketCommand = fitCommand({
  name: 'rocket',
  fit: rocket,
  describe: ({ sequences, features, head, alpha, heldOut }, seconds) =>
    `Fitted ${features} features of ${sequences} sequences in ${seconds} s, with a ${head} head of penalty ${Number(alpha.toPrecision(2))}: ${HELD_OUT_BY[head]} ${describeMerit(heldOut)}.`,
});
