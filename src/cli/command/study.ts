import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { LockstepError } from '../../core/errors.ts';
import { lockFolder } from '../../core/folder-lock.ts';
import { openStore, type StoreOnDisk } from '../../data/format/open-store.ts';
import { resolveEngineKind } from '../../engine/select.ts';
import type { Device } from '../../launch/device.ts';
import { devicesOf } from '../../workflow/placement.ts';
import { firstCells } from '../../workflow/study/grid.ts';
import {
  loadStudyConfig,
  refuseOtherGrid,
  studyConfigToYaml,
} from '../../workflow/study/load-study.ts';
import { measureSpeed } from '../../workflow/study/measure-speed.ts';
import { gridOfStore, sizedGrid } from '../../workflow/study/own-grid.ts';
import { runStudy } from '../../workflow/study/run-study.ts';
import type { StudyConfig, StudyDataset } from '../../workflow/study/study-config.ts';
import { makeStudyFolder, studyFolder, writeWhole } from '../../workflow/study/study-folder.ts';
import type { Command } from '../command.ts';
import { type DeviceOptions, deviceOptions, devicesGiven } from './train.ts';

const TEMPLATE = fileURLToPath(new URL('../../../configs/study.yaml', import.meta.url));
const MINUTES = 30;

interface StudyOptions extends DeviceOptions {
  config: string;
  data: string | undefined;
  minutes: number;
  out: string | undefined;
  set: string[];
}

export const studyCommand: Command<StudyOptions> = {
  builder: (yargs) =>
    deviceOptions(yargs)
      .positional('config', {
        type: 'string',
        default: TEMPLATE,
        defaultDescription: 'configs/study.yaml',
        describe: 'A YAML file: datasets, networks, pretexts, labels',
      })
      .option('data', {
        type: 'string',
        describe: "Ask this dataset instead of the file's, sized to --minutes",
      })
      .option('minutes', {
        type: 'number',
        default: MINUTES,
        describe: 'With --data: how long it may take on this machine',
      })
      .option('out', { type: 'string', describe: 'Folder of the study [default: runs/<name>]' })
      .option('set', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [] as string[],
        describe: 'Change a value of the file: --set test.crop=4096',
      }) as unknown as Argv<StudyOptions>,
  handler: async (options: ArgumentsCamelCase<StudyOptions>) => {
    const devices = devicesOf(devicesGiven(options));
    const template = atHome(loadStudyConfig(options.config, options.set));
    const { data } = options;
    const store = data === undefined ? undefined : await openStore(data);
    try {
      const grid =
        store === undefined ? template : gridOfStore(template, resolve(store.path), store);
      const folder = studyFolder(options.out ?? `runs/${grid.name}`);
      makeStudyFolder(folder);
      const lock = lockFolder(folder.path);
      try {
        const config = existsSync(folder.config)
          ? goOn(loadStudyConfig(folder.config), grid, folder.path, store !== undefined)
          : await sized(grid, store, options.minutes, devices);
        writeWhole(folder.config, studyConfigToYaml(config));
        const answers = await runStudy(config, { folder, devices, measuredOn: machine(devices) });
        for (const { question, sentence } of answers) console.log(`${question}\n  ${sentence}`);
        console.log(`\nWritten: ${folder.markdown} and ${folder.page}`);
      } finally {
        lock.release();
      }
    } finally {
      await store?.close();
    }
  },
};

/** Without what depends on where the file is read: current folder, engine that is set up. */
function atHome(config: StudyConfig): StudyConfig {
  const { engine, datasets } = config;
  return {
    ...config,
    engine: { ...engine, kind: resolveEngineKind(engine.kind) },
    datasets: datasets.map((dataset) => ({
      ...dataset,
      data: { ...dataset.data, store: resolve(dataset.data.store) },
    })),
  };
}

/** A grid that was begun keeps its size. */
function goOn(
  known: StudyConfig,
  wanted: StudyConfig,
  path: string,
  wasSized: boolean,
): StudyConfig {
  refuseOtherGrid(known, wasSized ? withSizeOf(known, wanted) : wanted, path);
  return known;
}

function withSizeOf(known: StudyConfig, wanted: StudyConfig): StudyConfig {
  const [dataset] = wanted.datasets as [StudyDataset];
  const networks = Object.entries(dataset.networks).map(([name, network]) => [
    name,
    { ...network, pretraining: known.datasets[0]?.networks[name]?.pretraining },
  ]);
  return { ...wanted, datasets: [{ ...dataset, networks: Object.fromEntries(networks) }] };
}

async function sized(
  grid: StudyConfig,
  store: StoreOnDisk | undefined,
  minutes: number,
  devices: readonly Device[],
): Promise<StudyConfig> {
  if (store === undefined) return grid;
  if (!(minutes > 0)) {
    throw new LockstepError(
      'USAGE',
      `Cannot size the study to ${minutes} minutes: the number must be above 0.`,
      'Give --minutes a number such as 30.',
    );
  }
  process.stderr.write('Measuring how fast this machine is:\n');
  const tokensPerSecond = await measureSpeed(firstCells(grid)[0]!.config, devices);
  return sizedGrid(grid, store, { minutes, workers: devices.length, tokensPerSecond });
}

function machine(devices: readonly Device[]): string {
  const where = devices[0]!.kind === 'gpu' ? 'GPU' : (cpus()[0]?.model ?? 'a CPU of unknown make');
  const date = new Date().toISOString().slice(0, 10);
  return `Measured on ${where}, ${devices.length} workers, ${date}.`;
}
