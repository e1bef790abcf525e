import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { baselines } from '../../baseline/baselines.ts';
import type { LabelCount } from '../../baseline/label-draws.ts';
import type { BaselinesReport } from '../../baseline/report.ts';
import { describeBaselines } from '../../baseline/table.ts';
import { LockstepError } from '../../core/errors.ts';
import { makeWholeFile } from '../../core/whole-file.ts';
import type { Command } from '../command.ts';

interface BaselinesOptions {
  data: string;
  labels: string | undefined;
  draws: number;
  seed: number;
  json: string | undefined;
}

export const baselinesCommand: Command<BaselinesOptions> = {
  builder: (yargs) =>
    yargs
      .positional('data', { type: 'string', demandOption: true, describe: 'Folder of the dataset' })
      .option('labels', {
        type: 'string',
        describe: 'How many labels: of each class, or in all [default: 5,10,50,all]',
      })
      .option('draws', { type: 'number', default: 8, describe: 'Draws of so many labels' })
      .option('seed', {
        type: 'number',
        default: 1,
        describe: "The seed of the runs whose label draws these are, and a run's own",
      })
      .option('json', {
        type: 'string',
        describe: 'File to write: all draws, what was chosen, and each answer',
      }) as unknown as Argv<BaselinesOptions>,
  handler: async (options: ArgumentsCamelCase<BaselinesOptions>) => {
    const { data: store, labels, draws, seed, json } = options;
    if (json !== undefined) refuseNoFolder(json);
    const fit = async (): Promise<BaselinesReport> => {
      const report = await baselines({
        store,
        draws,
        seed,
        labels: labels?.split(',').map(labelCount),
        onProgress: (text) => process.stderr.write(`${text}\n`),
      });
      process.stdout.write(`${describeBaselines(report)}\n`);
      return report;
    };
    if (json === undefined) {
      await fit();
      return;
    }
    // Around all of it: a second writer of the file is refused before a minute of work.
    await makeWholeFile(json, async (file) => {
      await writeFile(file, `${JSON.stringify(await fit())}\n`);
    });
    process.stdout.write(`Written: ${json}\n`);
  },
};

const labelCount = (text: string): LabelCount => (text === 'all' ? 'all' : Number(text));

/** Before a minute of work. */
function refuseNoFolder(path: string): void {
  if (existsSync(dirname(path))) return;
  throw new LockstepError(
    'USAGE',
    `Cannot write "${path}": there is no folder "${dirname(path)}".`,
    'Make the folder, or give another path to --json.',
  );
}
