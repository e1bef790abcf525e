/** Options of how a run's model reads sequences, for evaluation and prediction alike. */
import type { Argv } from 'yargs';

export const readingOptions = (yargs: Argv): Argv =>
  yargs
    .option('crop', {
      type: 'number',
      describe: 'Only the first N timesteps of each sequence',
    })
    .option('window', {
      type: 'number',
      describe: 'Read longer sequences in windows of N timesteps and average what they say',
    })
    .option('with', {
      type: 'string',
      array: true,
      nargs: 1,
      describe: 'Average with the predictions of another run; may be repeated',
    })
    .option('calibrate', {
      type: 'boolean',
      default: false,
      describe: 'Scale probabilities of classes so that they fit the validation split',
    });
