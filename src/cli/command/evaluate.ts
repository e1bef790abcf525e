import type { ArgumentsCamelCase, Argv } from 'yargs';
import { SPLITS, type Split } from '../../data/format/store.ts';
import { evaluateRun } from '../../workflow/predict/evaluate-run.ts';
import { filesOption, withRawFiles } from '../../workflow/predict/raw-files.ts';
import { describeReport } from '../../workflow/predict/report-text.ts';
import type { PredictionRequest } from '../../workflow/predict/task.ts';
import type { Command } from '../command.ts';
import { type DeviceOptions, deviceOptions, devicesOf } from './train.ts';

interface EvaluateOptions extends DeviceOptions {
  run: string;
  phase: string | undefined;
  split: Split | undefined;
  data: string | undefined;
  files: string | undefined;
  crop: number | undefined;
  json: boolean;
}

export const evaluateCommand: Command<EvaluateOptions> = {
  builder: (yargs) =>
    filesOption(deviceOptions(yargs))
      .positional('run', { type: 'string', demandOption: true, describe: 'Folder of the run' })
      .option('phase', { type: 'string', describe: 'Weights at the end of this phase' })
      .option('split', {
        choices: SPLITS,
        describe: 'Which sequences [default: test; all with --files]',
      })
      .option('data', { type: 'string', describe: 'Another dataset than the run was trained on' })
      .option('crop', {
        type: 'number',
        describe: 'Only the first N timesteps of each sequence',
      })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'Print JSON',
      }) as Argv<EvaluateOptions>,
  handler: async (options: ArgumentsCamelCase<EvaluateOptions>) => {
    const { run, phase, files, crop } = options;
    const evaluate = async (subset: Pick<PredictionRequest, 'data' | 'split'>) =>
      await evaluateRun({ run, phase, crop, labelled: true, ...subset }, devicesOf(options));
    const result =
      files === undefined
        ? await evaluate({ data: options.data, split: options.split ?? 'test' })
        : await withRawFiles({ run, source: files, labelled: true }, async (data) => ({
            ...(await evaluate({ data })),
            dataset: files,
          }));
    console.log(options.json ? JSON.stringify(result, null, 2) : describeReport(result));
  },
};
