import type { ArgumentsCamelCase, Argv } from 'yargs';
import { SPLITS, type Split } from '../../data/format/store.ts';
import { offerOnStdout } from '../../launch/outputs.ts';
import { type PredictionFormat, predictionLines } from '../../workflow/predict/lines.ts';
import { type Prediction, predict } from '../../workflow/predict/predict.ts';
import type { Command } from '../command.ts';
import { type ExtensionOption, extensionOption, loadExtensionsGiven } from '../extension-option.ts';
import { filesOption } from '../files-option.ts';
import { formatOf, refuseOut, writePredictions } from '../prediction-file.ts';
import { readingOptions } from '../reading-options.ts';
import { showNotice } from '../show-run.ts';
import { withSignals } from '../with-signals.ts';
import { type DeviceOptions, deviceOptions, devicesGiven } from './train.ts';

interface PredictOptions extends DeviceOptions, ExtensionOption {
  run: string;
  phase: string | undefined;
  data: string | undefined;
  files: string | undefined;
  split: Split | undefined;
  crop: number | undefined;
  window: number | undefined;
  with: string[] | undefined;
  calibrate: boolean;
  embeddings: boolean;
  out: string | undefined;
  format: PredictionFormat | undefined;
}

export const predictCommand: Command<PredictOptions> = {
  builder: (yargs) =>
    readingOptions(
      extensionOption(filesOption(deviceOptions(yargs)))
        .positional('run', { type: 'string', demandOption: true, describe: 'Folder of the run' })
        .option('phase', { type: 'string', describe: 'Weights at the end of this phase' })
        .option('data', { type: 'string', describe: 'Another dataset than the run was trained on' })
        .option('split', { choices: SPLITS, describe: 'Only these sequences; all when absent' }),
    )
      .option('embeddings', {
        type: 'boolean',
        default: false,
        describe: 'The features of each sequence, of any run, instead of what the run predicts',
      })
      .option('out', { type: 'string', describe: 'File to write; standard output when absent' })
      .option('format', {
        choices: ['csv', 'jsonl'],
        describe: 'By the ending of --out when absent; csv on standard output',
      }) as Argv<PredictOptions>,
  handler: async (options: ArgumentsCamelCase<PredictOptions>) => {
    const { run: runFolder, phase, data, files, split, crop, window, embeddings, out } = options;
    const { with: ensemble, calibrate } = options;
    const format = options.format ?? formatOf(out);
    if (out !== undefined) refuseOut(out, [files, data]);
    const extensions = await loadExtensionsGiven(options);
    const request = {
      extensions,
      runFolder,
      phase,
      data,
      files,
      split,
      crop,
      window,
      ensemble,
      calibrate,
      embeddings,
      ...devicesGiven(options),
    };
    await withSignals(async (stop) => {
      const predictions = new Counted(predict({ ...request, ...stop, onEvent: showNotice }));
      await writePredictions(out, predictionLines(predictions, format));
      if (out !== undefined) offerOnStdout(`Written: ${out}, ${predictions.text()}\n`);
    });
  },
};

/** Predictions, counted as they pass. */
class Counted implements AsyncIterable<Prediction> {
  readonly #predictions: AsyncIterable<Prediction>;
  #count = 0;

  constructor(predictions: AsyncIterable<Prediction>) {
    this.#predictions = predictions;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Prediction, void> {
    for await (const prediction of this.#predictions) {
      this.#count++;
      yield prediction;
    }
  }

  /** How many there were. */
  text(): string {
    return this.#count === 1 ? '1 prediction' : `${this.#count} predictions`;
  }
}
