import { rocket } from '../../workflow/rocket/rocket.ts';
import { describeMerit, fitCommand } from '../fit-command.ts';

export const rocketCommand = fitCommand({
  name: 'rocket',
  fit: rocket,
  describe: ({ sequences, features, alpha, leaveOneOut }, seconds) =>
    `Fitted ${features} features of ${sequences} sequences in ${seconds} s, with penalty ${Number(alpha.toPrecision(2))}: leave-one-out ${describeMerit(leaveOneOut)}.`,
});
