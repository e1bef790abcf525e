import type { ArgumentsCamelCase, Argv } from 'yargs';
import { SPLITS, type Split } from '../../data/format/store.ts';
import { evaluate } from '../../workflow/predict/evaluate.ts';
import { describeReport } from '../../workflow/predict/report-text.ts';
import type { Command } from '../command.ts';
import { type ExtensionOption, extensionOption, loadExtensionsGiven } from '../extension-option.ts';
import { filesOption } from '../files-option.ts';
import { printNext, repeated } from '../next.ts';
import { readingOptions } from '../reading-options.ts';
import { showNotice } from '../show-run.ts';
import { withSignals } from '../with-signals.ts';
import { type DeviceOptions, deviceOptions, devicesGiven } from './train.ts';

interface EvaluateOptions extends DeviceOptions, ExtensionOption {
  run: string;
  phase: string | undefined;
  split: Split | undefined;
  data: string | undefined;
  files: string | undefined;
  crop: number | undefined;
  window: number | undefined;
  with: string[] | undefined;
  calibrate: boolean;
  allowTrainingSequences: boolean;
  json: boolean;
}

export const evaluateCommand: Command<EvaluateOptions> = {
  builder: (yargs) =>
    readingOptions(
      extensionOption(filesOption(deviceOptions(yargs)))
        .positional('run', { type: 'string', demandOption: true, describe: 'Folder of the run' })
        .option('phase', { type: 'string', describe: 'Weights at the end of this phase' })
        .option('split', {
          choices: SPLITS,
          describe: 'Which sequences [default: test; all with --files]',
        })
        .option('data', {
          type: 'string',
          describe: 'Another dataset than the run was trained on',
        }),
    )
      .option('allow-training-sequences', {
        type: 'boolean',
        default: false,
        describe: 'Evaluate other data even where they hold sequences that the run was trained on',
      })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'Print JSON',
      }) as unknown as Argv<EvaluateOptions>,
  handler: async (options: ArgumentsCamelCase<EvaluateOptions>) => {
    const { run: runFolder, phase, split, data, files, crop, window, calibrate } = options;
    const { with: ensemble, allowTrainingSequences } = options;
    const extensions = await loadExtensionsGiven(options);
    const request = {
      extensions,
      runFolder,
      phase,
      split,
      data,
      files,
      crop,
      window,
      ensemble,
      calibrate,
      allowTrainingSequences,
      ...devicesGiven(options),
    };
    const result = await withSignals((stop) =>
      evaluate({ ...request, ...stop, onEvent: showNotice }),
    );
    const text = options.json ? JSON.stringify(result, null, 2) : describeReport(result);
    process.stdout.write(`${text}\n`);
    if (!options.json)
      printNext([
        'predict',
        runFolder,
        '--out',
        'predictions.csv',
        ...repeated('--extension', options.extension),
      ]);
  },
};
