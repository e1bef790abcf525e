/**
 * The dataset of the quickstart: source text that set-up has put on the machine, by programming language.
 * Which packages there are is pinned by the lockfile and the wheel's hash.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImportProgress } from '../../data/importer/build-options.ts';
import { buildStore } from '../../data/importer/build-store.ts';
import { type FolderOptions, importFolder } from '../../data/importer/import-folder.ts';
import type { ImportItem } from '../../data/importer/record.ts';
import type { ImportReport } from '../../data/importer/report.ts';
import { TEXT_41 } from '../../data/importer/symbol-map.ts';

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));
const LENGTH = { minimum: 512, maximum: 30_720, longer: 'truncate' } as const;
const SEED = 1;

const CLASS_OF_ENDING = {
  '.js': 'javascript',
  '.cjs': 'javascript',
  '.mjs': 'javascript',
  '.d.ts': 'typescript-declarations',
  '.d.mts': 'typescript-declarations',
  '.d.cts': 'typescript-declarations',
  '.json': 'json',
  '.md': 'markdown',
};
/** Languages of the wheel. */
const OF_WHEEL = { '.py': 'python', '.h': 'cpp-header' };
/** What stands in for them where the portable engine needs no wheel. */
const WITHOUT_WHEEL = { '.ts': 'typescript', license: 'licence' };

/** What set-up builds or a tool writes later, by name anywhere or by path. */
const GENERATED = ['build', '@tensorflow/tfjs-node-gpu/lib', '@tensorflow/tfjs-node-gpu/deps'];
/** In one of the wheels (CPU, CUDA) only, or about the machine that built it. */
const BUILD_SPECIFIC = [
  'local_config_cuda',
  'local_config_nccl',
  'local_config_python',
  'nvshmem',
  'gpus',
  '__pycache__',
];
const WHEEL = '.engine/site-packages/';
const hasWheel = existsSync(join(PROJECT, WHEEL, 'tensorflow'));
const CLASSES = { ...CLASS_OF_ENDING, ...(hasWheel ? OF_WHEEL : WITHOUT_WHEEL) };
/** `tensorflow/X/Y`: the second level below the wheel's package, so that C++ and Python have many groups. */
const WHEEL_GROUP_LEVELS = 3;

/**
 * Builds the store `target` (replacing one that is there). The same files give the same content hash.
 * A group is an npm package, or a second-level folder of the wheel's package, such as
 * `tensorflow/python/ops` or `tensorflow/include/Eigen`.
 */
export async function buildQuickstartData(
  target: string,
  progress: (progress: ImportProgress) => void = () => {},
): Promise<ImportReport> {
  return await buildStore(readSources(), {
    target,
    name: 'quickstart',
    valueType: 'uint8',
    overwrite: true,
    length: LENGTH,
    caps: { perClass: 400, perGroup: 40 },
    shares: { train: 0.6, validation: 0.2, test: 0.2 },
    seed: SEED,
    provenance: {
      source: hasWheel ? "node_modules and the engine's wheel" : 'node_modules',
      // Read by `predict --files`.
      rules: {
        classBy: 'ending',
        ending: Object.entries(CLASSES).map(([ending, name]) => `${ending}=${name}`),
        symbolMap: TEXT_41.name,
      },
    },
    onProgress: progress,
  });
}

async function* readSources(): AsyncGenerator<ImportItem> {
  yield* importFolder({
    ...common('node_modules/'),
    groups: { by: 'npm-package' },
    exclude: [...GENERATED, ...(await platformPackages())],
  });
  if (!hasWheel) return;
  yield* importFolder({
    ...common(WHEEL),
    idPrefix: '',
    groups: { by: 'folder', levels: WHEEL_GROUP_LEVELS },
    exclude: BUILD_SPECIFIC,
  });
}

function common(folder: string): Omit<FolderOptions, 'groups'> {
  return {
    root: join(PROJECT, folder),
    idPrefix: folder,
    classes: { by: 'ending', classes: CLASSES },
    symbolMap: TEXT_41,
    readAtMost: LENGTH.maximum + 1,
  };
}

/** Packages that npm installs on one kind of machine only, as paths below node_modules. */
async function platformPackages(): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(PROJECT, 'package-lock.json'), 'utf8'));
  return Object.entries(lock.packages as Record<string, { cpu?: unknown; os?: unknown }>)
    .filter(([, entry]) => entry.cpu !== undefined || entry.os !== undefined)
    .map(([path]) => path.replace(/^node_modules\//, ''));
}
