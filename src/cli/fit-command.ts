/** The commands that fit a model in closed form, in one go. */
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { offerOnStdout } from '../launch/outputs.ts';
import type { Notice } from '../telemetry/run-event.ts';
import type { StopRequests } from '../workflow/train/stop-requests.ts';
import type { Command } from './command.ts';
import { printNext } from './next.ts';
import { showNotice } from './show-run.ts';
import { withSignals } from './with-signals.ts';

/** What a user says of a fit. */
export interface FitOptions {
  data: string;
  run: string | undefined;
  set: string[];
}

/** What every fit takes. */
interface FitRequest extends StopRequests {
  readonly data: string;
  readonly runFolder: string | undefined;
  readonly set: readonly string[];
  readonly onEvent: (event: Notice) => void;
}

/** A kind of model. */
interface FitKind<Outcome> {
  /** Begins the name of a run's folder. */
  readonly name: string;
  readonly fit: (request: FitRequest) => Promise<Outcome>;
  /** What was fitted in so many seconds, as a sentence. */
  readonly describe: (outcome: Outcome, seconds: string) => string;
}

/** A command that fits, says what it did, and prints the hash of the weights. */
export function fitCommand<Outcome extends { runFolder: string; stateHash: string }>({
  name,
  fit,
  describe,
}: FitKind<Outcome>): Command<FitOptions> {
  return {
    builder: (yargs) =>
      yargs
        .positional('data', {
          type: 'string',
          demandOption: true,
          describe: 'Folder of the dataset',
        })
        .option('run', {
          type: 'string',
          describe: `Folder of the run [default: runs/${name}-<data>]`,
        })
        .option('set', {
          type: 'string',
          array: true,
          nargs: 1,
          default: [] as string[],
          describe: 'Change a value: --set seed=7 --set data.labelsPerClass=5',
        }) as unknown as Argv<FitOptions>,
    handler: async ({ data, run: runFolder, set }: ArgumentsCamelCase<FitOptions>) => {
      const started = performance.now();
      const outcome = await withSignals((stop) =>
        fit({ data, runFolder, set, ...stop, onEvent: showNotice }),
      );
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stderr.write(`${describe(outcome, seconds)}\n`);
      offerOnStdout(`state ${outcome.stateHash}\n`);
      printNext(['evaluate', outcome.runFolder]);
    },
  };
}

/** "accuracy 91.2 %", "R² 0.912" */
export const describeMerit = ({ metric, value }: { metric: string; value: number }): string =>
  metric === 'R²' ? `R² ${value.toFixed(3)}` : `${metric} ${(100 * value).toFixed(1)} %`;
