import type { ArgumentsCamelCase, Argv } from 'yargs';
import { rocket } from '../../workflow/rocket/rocket.ts';
import type { Command } from '../command.ts';
import { printNext } from '../next.ts';
import { showNotice } from '../show-run.ts';
import { withSignals } from '../with-signals.ts';

interface RocketOptions {
  data: string;
  run: string | undefined;
  set: string[];
}

export const rocketCommand: Command<RocketOptions> = {
  builder: (yargs) =>
    yargs
      .positional('data', { type: 'string', demandOption: true, describe: 'Folder of the dataset' })
      .option('run', {
        type: 'string',
        describe: 'Folder of the run [default: runs/rocket-<data>]',
      })
      .option('set', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [] as string[],
        describe: 'Change a value: --set seed=7 --set data.labelsPerClass=5',
      }) as unknown as Argv<RocketOptions>,
  handler: async ({ data, run: runFolder, set }: ArgumentsCamelCase<RocketOptions>) => {
    const started = performance.now();
    const outcome = await withSignals((stop) =>
      rocket({ data, runFolder, set, ...stop, onEvent: showNotice }),
    );
    const { sequences, features, alpha, leaveOneOut } = outcome;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stderr.write(
      `Fitted ${features} features of ${sequences} sequences in ${seconds} s, with penalty ${Number(alpha.toPrecision(2))}: leave-one-out ${describeMerit(leaveOneOut)}.\n`,
    );
    process.stdout.write(`state ${outcome.stateHash}\n`);
    printNext(['evaluate', outcome.runFolder]);
  },
};

const describeMerit = ({ metric, value }: { metric: string; value: number }): string =>
  metric === 'R²' ? `R² ${value.toFixed(3)}` : `${metric} ${(100 * value).toFixed(1)} %`;
