import type { ArgumentsCamelCase, Argv } from 'yargs';
import { LockstepError } from '../../core/errors.ts';
import { openStore } from '../../data/format/open-store.ts';
import { importReportText } from '../../data/info/import-report.ts';
import { infoText } from '../../data/info/info-text.ts';
import { storeInfo } from '../../data/info/store-info.ts';
import { previewText } from '../../importer/preview-text.ts';
import { rulesOf, type SourceOptions } from '../../importer/source-rules.ts';
import type { SyntheticOptions } from '../../importer/synthetic/synthetic-options.ts';
import { offerOnStdout } from '../../launch/outputs.ts';
import type { BuildStoreOptions } from '../../workflow/data/build-store.ts';
import { type Command, type PartCommand, partOf } from '../command.ts';
import { type ExtensionOption, extensionOption, loadExtensionsGiven } from '../extension-option.ts';
import { sourceOptions } from '../import-options.ts';
import { importPaths, type PathOptions, pathOptions } from '../import-paths.ts';
import { importProgress } from '../import-progress.ts';
import { printNext, trainOn } from '../next.ts';
import { type StoreOptions, storeBuildOptions, storeOptions } from '../store-options.ts';
import { withSignals } from '../with-signals.ts';
import { exportCommand, mergeCommand, verifyCommand } from './data-tools.ts';

type ImportOptions = PathOptions & SourceOptions & StoreOptions & ExtensionOption;

const importCommand: PartCommand<ImportOptions> = {
  command: 'import <paths..>',
  usage: 'import <source..> <store>',
  describe: 'Make a dataset from tables, arrays or other files',
  builder: (yargs) =>
    extensionOption(
      storeOptions(sourceOptions(pathOptions(yargs))),
    ) as unknown as Argv<ImportOptions>,
  handler: async (options: ArgumentsCamelCase<ImportOptions>) => {
    const { importer, option = [], splitList } = options;
    const { store, ...paths } = importPaths(options);
    const request = {
      ...rulesOf(options),
      ...storeBuildOptions({ ...options, store }),
      ...paths,
      importer,
      option,
      splitList,
      extensions: await loadExtensionsGiven(options),
    };
    if (options.dryRun) return await preview(request);
    const { buildStore } = await import('../../workflow/data/build-store.ts');
    const { onProgress, clear } = importProgress();
    const onNotice = (text: string) => process.stderr.write(`Note: ${text}\n`);
    const report = await withSignals(({ signal }) =>
      buildStore({ ...request, signal, onProgress, onNotice }),
    ).finally(clear);
    offerOnStdout(`${importReportText(report)}\n`);
    printNext(['data', 'info', store]);
  },
};

/** @throws LockstepError the error that would end the import */
async function preview(request: BuildStoreOptions): Promise<void> {
  const { previewStore } = await import('../../workflow/data/preview-store.ts');
  const { source, columns, report } = await withSignals(({ signal }) =>
    previewStore({ ...request, signal }),
  );
  process.stdout.write(`${previewText(source, columns)}\n`);
  if (report instanceof LockstepError) throw report;
  process.stdout.write(`${importReportText(report)}\n`);
  process.stderr.write('Nothing was written: leave --dry-run out to make the dataset.\n');
}

interface SynthOptions extends StoreOptions {
  count: number;
  classes: number;
  symbols: number;
  orderOnly: boolean;
  lag: number;
  echoes: number[];
  real: boolean;
  unlabelledShare: number;
}

const synthCommand: PartCommand<SynthOptions> = {
  command: 'synth <store>',
  describe: 'Make a dataset of Markov chains, one a class, of log-uniform lengths',
  builder: (yargs) =>
    storeOptions(yargs)
      .positional('store', { type: 'string', demandOption: true, describe: 'Folder to make' })
      .option('count', { type: 'number', default: 1000, describe: 'Number of sequences' })
      .option('classes', { type: 'number', default: 4, describe: 'Number of classes' })
      .option('symbols', { type: 'number', default: 41, describe: 'Number of symbols' })
      .option('order-only', {
        type: 'boolean',
        default: false,
        describe: 'Classes differ by the order of symbols only',
      })
      .option('lag', {
        type: 'number',
        default: 1,
        describe: 'Each timestep follows from the one this many timesteps before it',
      })
      .option('echoes', {
        type: 'number',
        array: true,
        default: [] as number[],
        describe:
          'One distance a class: classes differ only by how far before it a timestep finds what it repeats',
      })
      .option('real', { type: 'boolean', default: false, describe: 'Real values with noise' })
      .option('unlabelled-share', {
        type: 'number',
        default: 0,
        describe: 'Share of sequences that lose their label',
      }) as unknown as Argv<SynthOptions>,
  handler: async (options: ArgumentsCamelCase<SynthOptions>) => {
    const { synthesize } = await import('../../importer/synthetic/synthesize.ts');
    const { requireRoom } = await import('../../importer/synthetic/room.ts');
    const { buildStore } = await import('../../workflow/data/build-store.ts');
    const build = storeBuildOptions(options);
    const length = { minimum: options.minLength ?? 512, maximum: options.maxLength ?? 30_720 };
    const synthetic: SyntheticOptions = {
      count: options.count,
      seed: options.seed,
      symbols: options.symbols,
      classes: options.classes,
      length,
      orderOnly: options.orderOnly,
      lag: options.lag,
      echoes: options.echoes,
      output: options.real ? 'real' : 'symbols',
      unlabelledShare: options.unlabelledShare,
    };
    requireRoom(synthetic, options.store);
    const request = { ...build, source: synthesize(synthetic) };
    const report = await withSignals(({ signal }) => buildStore({ ...request, signal }));
    offerOnStdout(`${importReportText(report)}\n`);
    printNext(['data', 'info', options.store]);
  },
};

interface InfoOptions {
  store: string;
  json: boolean;
  verify: boolean;
  budget: number[];
  duplicates: boolean;
}

/** Of a small and a large CPU run, and of the benchmark. */
const DEFAULT_BUDGETS = [16_384, 65_536];

function refuseBudget(tokens: number): void {
  if (Number.isInteger(tokens) && tokens >= 1) return;
  throw new LockstepError(
    'USAGE',
    `--budget is ${tokens}, which is not a positive integer.`,
    'Give numbers of tokens, such as --budget 16384 65536.',
  );
}

const infoCommand: PartCommand<InfoOptions> = {
  command: 'info <store>',
  describe: 'Show what a dataset holds',
  builder: (yargs) =>
    yargs
      .positional('store', { type: 'string', demandOption: true, describe: 'Folder' })
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
      .option('verify', {
        type: 'boolean',
        default: false,
        describe: 'Check the hash of every file, too',
      })
      .option('budget', {
        type: 'number',
        array: true,
        default: DEFAULT_BUDGETS,
        describe: 'Tokens of a micro-batch, for which to say the padding',
      })
      .option('duplicates', {
        type: 'boolean',
        default: false,
        describe: 'Look for equal sequences in a large dataset, too',
      }) as Argv<InfoOptions>,
  handler: async (options: ArgumentsCamelCase<InfoOptions>) => {
    const { store: path, json, verify, budget, duplicates } = options;
    for (const tokens of budget) refuseBudget(tokens);
    if (verify) await (await import('../../data/format/verify-store.ts')).verifyStore(path);
    const store = await openStore(path, { verify: false });
    try {
      const info = await storeInfo(store, { budgets: budget, duplicates });
      process.stdout.write(`${json ? JSON.stringify(info, null, 2) : infoText(store, info)}\n`);
      if (!json) printNext(trainOn(path, store.manifest));
    } finally {
      await store.close();
    }
  },
};

export const dataCommand: Command<object> = {
  builder: (yargs) =>
    yargs
      .command(partOf('data', importCommand))
      .command(partOf('data', synthCommand))
      .command(partOf('data', infoCommand))
      .command(partOf('data', verifyCommand))
      .command(partOf('data', mergeCommand))
      .command(partOf('data', exportCommand))
      .demandCommand(1),
  handler: () => {},
};
