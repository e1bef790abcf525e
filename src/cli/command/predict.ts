import { existsSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { LockstepError } from '../../core/errors.ts';
import { writeFailure } from '../../core/file-error.ts';
import { realPath } from '../../core/real-path.ts';
import { SPLITS, type Split } from '../../data/format/store.ts';
import { offerOnStdout } from '../../launch/outputs.ts';
import { type PredictionFormat, predictionLines } from '../../workflow/predict/lines.ts';
import { type Prediction, predict } from '../../workflow/predict/predict.ts';
import type { Command } from '../command.ts';
import { type ExtensionOption, extensionOption, extensionsGiven } from '../extension-option.ts';
import { filesOption } from '../files-option.ts';
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
    const extensions = await extensionsGiven(options);
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
      await writeLines(out, predictionLines(predictions, format));
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

/** A file that is read, or a folder, must not be replaced by predictions. */
function refuseOut(out: string, inputs: readonly (string | undefined)[]): void {
  const isInput = inputs.some((path) => path !== undefined && realPath(path) === realPath(out));
  const isFolder = statSync(out, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (!isInput && !isFolder) return;
  throw new LockstepError(
    'USAGE',
    `Cannot write predictions to "${out}": it is ${isInput ? 'what they are made from' : 'a folder'}.`,
    'Choose another file with --out.',
  );
}

/** By the ending of the file; CSV on standard output. */
function formatOf(out: string | undefined): PredictionFormat {
  if (out === undefined || out.endsWith('.csv')) return 'csv';
  if (out.endsWith('.jsonl')) return 'jsonl';
  throw new LockstepError(
    'USAGE',
    `Cannot tell the format of "${out}": its ending is neither .csv nor .jsonl.`,
    'Give it one of the two, or say --format csv or --format jsonl.',
  );
}

/** Into a file that has its name only when it is whole, or to standard output. */
async function writeLines(path: string | undefined, lines: AsyncIterable<string>): Promise<void> {
  if (path === undefined) {
    for await (const line of lines) process.stdout.write(`${line}\n`);
    return;
  }
  if (!existsSync(dirname(path))) {
    throw new LockstepError(
      'USAGE',
      `Cannot write predictions to "${path}": there is no folder "${dirname(path)}".`,
      'Make the folder, or choose another file with --out.',
    );
  }
  const partial = `${path}.partial-${process.pid}`;
  let file: FileHandle | undefined;
  try {
    for await (const line of lines) {
      file ??= await openForWriting(partial, path);
      await file.write(`${line}\n`);
    }
    await file?.sync();
    await file?.close();
    await rename(partial, path);
  } catch (thrown) {
    await file?.close();
    await rm(partial, { force: true });
    throw writeFailure(thrown, path, 0);
  }
}

async function openForWriting(partial: string, path: string): Promise<FileHandle> {
  try {
    return await open(partial, 'wx');
  } catch (thrown) {
    throw writeFailure(thrown, path, 0);
  }
}
