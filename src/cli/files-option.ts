import type { Argv } from 'yargs';

/** Adds `--files`. */
export function filesOption<T>(yargs: Argv<T>): Argv<T & { files: string | undefined }> {
  return yargs
    .option('files', {
      type: 'string',
      describe: 'Raw files, read as the training data were: a folder, a .csv or a .jsonl file',
    })
    .conflicts('files', ['data', 'split']) as Argv<T & { files: string | undefined }>;
}
