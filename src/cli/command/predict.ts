import { type FileHandle, open } from 'node:fs/promises';
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { readRunConfig } from '../../checkpoint/run-folder.ts';
import { EXIT } from '../../core/errors.ts';
import { writeFailure } from '../../core/file-error.ts';
import { SPLITS } from '../../data/format/store.ts';
import { inEngineProcess } from '../engine-process.ts';
import { type PredictionFormat, predictionLines } from '../prediction-lines.ts';

interface PredictOptions {
  run: string;
  phase: string | undefined;
  data: string | undefined;
  split: string | undefined;
  out: string | undefined;
  format: string | undefined;
  gpu: string | undefined;
}

export const predictCommand: CommandModule<object, PredictOptions> = {
  command: 'predict <run>',
  describe: 'Write class probabilities of a dataset, one line a sequence',
  builder: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Folder of the run' })
      .option('phase', { type: 'string', describe: 'Weights at the end of this phase' })
      .option('data', { type: 'string', describe: 'Another dataset than the run was trained on' })
      .option('split', { choices: SPLITS, describe: 'Only these sequences; all when absent' })
      .option('out', { type: 'string', describe: 'File to write; standard output when absent' })
      .option('format', {
        choices: ['csv', 'jsonl'],
        describe: 'By the ending of --out when absent, else csv',
      })
      .option('gpu', {
        type: 'string',
        describe: 'Number of the GPU to use; CPU when absent',
      }) as Argv<PredictOptions>,
  handler: async (options: ArgumentsCamelCase<PredictOptions>) => {
    const { engine } = readRunConfig(options.run);
    process.exitCode = await inEngineProcess(engine, options.gpu, async () => {
      const format = (options.format ??
        (options.out?.endsWith('.jsonl') ? 'jsonl' : 'csv')) as PredictionFormat;
      await writeLines(options.out, predictionLines({ ...options, format }));
      return EXIT.done;
    });
  },
};

/** Into a file that has its name only when it is whole, or to standard output. */
async function writeLines(path: string | undefined, lines: AsyncIterable<string>): Promise<void> {
  if (path === undefined) {
    for await (const line of lines) process.stdout.write(`${line}\n`);
    return;
  }
  const { rename, rm } = await import('node:fs/promises');
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
