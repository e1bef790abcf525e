/** `data verify`, `data merge` and `data export`. */
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { formatCount } from '../../core/format.ts';
import { openStore } from '../../data/format/open-store.ts';
import { importReportText } from '../../data/info/import-report.ts';
import { offerOnStdout } from '../../launch/outputs.ts';
import { throwIfStopped } from '../../workflow/train/stop-requests.ts';
import type { PartCommand } from '../command.ts';
import { importProgress } from '../import-progress.ts';
import { printNext } from '../next.ts';
import { withSignals } from '../with-signals.ts';

interface VerifyOptions {
  store: string;
}

export const verifyCommand: PartCommand<VerifyOptions> = {
  command: 'verify <store>',
  describe: 'Check every byte and row of a dataset',
  builder: (yargs) =>
    yargs.positional('store', {
      type: 'string',
      demandOption: true,
      describe: 'Folder',
    }) as unknown as Argv<VerifyOptions>,
  handler: async ({ store: path }: ArgumentsCamelCase<VerifyOptions>) => {
    const { verifyStore } = await import('../../data/format/verify-store.ts');
    const { sequences, shards, contentHash } = await verifyStore(path);
    const count = `${sequences} ${sequences === 1 ? 'sequence' : 'sequences'}`;
    const files = `${shards.length} ${shards.length === 1 ? 'shard' : 'shards'}`;
    process.stdout.write(`"${path}" is whole: ${count}, ${files}, content hash ${contentHash}\n`);
  },
};

interface MergeOptions {
  paths: string[];
  name: string | undefined;
  overwrite: boolean;
}

export const mergeCommand: PartCommand<MergeOptions> = {
  command: 'merge <paths..>',
  usage: 'merge <store..> <merged>',
  describe: 'Make one dataset of several',
  builder: (yargs) =>
    yargs
      .positional('paths', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'The datasets, then the folder to make',
      })
      .option('name', { type: 'string', describe: "The dataset's name; the folder's when absent" })
      .option('overwrite', {
        type: 'boolean',
        default: false,
        describe: 'Replace an existing one',
      }) as unknown as Argv<MergeOptions>,
  handler: async ({ paths, name, overwrite }: ArgumentsCamelCase<MergeOptions>) => {
    const { mergeStores } = await import('../../workflow/data/merge-stores.ts');
    const [stores, store] = [paths.slice(0, -1), paths.at(-1)!];
    const { onProgress, clear } = importProgress();
    const request = { stores, store, overwrite, onProgress, ...(name !== undefined && { name }) };
    const report = await withSignals(({ signal }) => mergeStores({ ...request, signal })).finally(
      clear,
    );
    offerOnStdout(`${importReportText(report)}\n`);
    printNext(['data', 'info', store]);
  },
};

interface ExportOptions {
  store: string;
  file: string;
  overwrite: boolean;
}

export const exportCommand: PartCommand<ExportOptions> = {
  command: 'export <store> <file>',
  describe: 'Write a dataset as a .parquet or .jsonl file',
  builder: (yargs) =>
    yargs
      .positional('store', { type: 'string', demandOption: true, describe: 'Folder' })
      .positional('file', { type: 'string', demandOption: true, describe: 'File to make' })
      .option('overwrite', {
        type: 'boolean',
        default: false,
        describe: 'Replace an existing one',
      }) as unknown as Argv<ExportOptions>,
  handler: async ({ store: path, file, overwrite }: ArgumentsCamelCase<ExportOptions>) => {
    const { exportStore, importOptions } = await import('../../data/export/export-store.ts');
    const store = await openStore(path);
    try {
      await withSignals(({ signal }) => {
        const onProgress = () => {
          throwIfStopped({ signal }, 'the file was complete');
        };
        return exportStore(store, file, { overwrite, onProgress });
      });
      offerOnStdout(`${file}: ${formatCount(store.manifest.sequences)} sequences\n`);
      printNext(['data', 'import', file, 'STORE', ...importOptions(store, file)]);
    } finally {
      await store.close();
    }
  },
};
