/**
 * The dataset of the quickstart: source text that set-up has put on the machine, by programming language.
 * Which packages there are is pinned by the lockfile and the wheel's hash.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ImportReport } from '../../data/info/import-report.ts';
import type { ImportItem } from '../../data/record.ts';
import { wheelFolder } from '../../engine/select.ts';
import type { ImportProgress } from '../../importer/build/build-options.ts';
import { buildStore } from '../../importer/build/build-store.ts';
import { type FolderOptions, importFolder } from '../../importer/folder/import-folder.ts';
import { TEXT_41 } from '../../importer/folder/symbol-map.ts';

/** Where npm has put the packages that Lockstep needs. */
const PACKAGES = join(createRequire(import.meta.url).resolve('uplot/package.json'), '../..');
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
const GENERATED = [
  'lockstep',
  'build',
  '@tensorflow/tfjs-node-gpu/lib',
  '@tensorflow/tfjs-node-gpu/deps',
];
/** In one of the wheels (CPU, CUDA) only, or about the machine that built it. */
const BUILD_SPECIFIC = [
  'local_config_cuda',
  'local_config_nccl',
  'local_config_python',
  'nvshmem',
  'gpus',
  '__pycache__',
];
const WHEEL = wheelFolder();
const CLASSES = { ...CLASS_OF_ENDING, ...(WHEEL === null ? WITHOUT_WHEEL : OF_WHEEL) };
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
      source: WHEEL === null ? 'node_modules' : "node_modules and the engine's wheel",
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
  for (const folder of await sourceFolders()) {
    yield* importFolder({
      ...folder,
      classes: { by: 'ending', classes: CLASSES },
      symbolMap: TEXT_41,
      readAtMost: LENGTH.maximum + 1,
    });
  }
}

type SourceFolder = Pick<FolderOptions, 'root' | 'idPrefix' | 'groups' | 'exclude'>;

/** Folders of source text that set-up has put on this machine. */
export async function sourceFolders(): Promise<SourceFolder[]> {
  const packages: SourceFolder = {
    root: PACKAGES,
    idPrefix: 'node_modules/',
    groups: { by: 'npm-package' },
    exclude: [...GENERATED, ...(await platformPackages())],
  };
  if (WHEEL === null) return [packages];
  const groups = { by: 'folder', levels: WHEEL_GROUP_LEVELS } as const;
  return [packages, { root: WHEEL, groups, exclude: BUILD_SPECIFIC }];
}

/** Packages that npm installs on one kind of machine only, as paths below node_modules. */
async function platformPackages(): Promise<string[]> {
  const { packages } = JSON.parse(await readLockfile()) as {
    packages: Record<string, { cpu?: unknown; os?: unknown }>;
  };
  return Object.entries(packages)
    .filter(([, entry]) => entry.cpu !== undefined || entry.os !== undefined)
    .map(([path]) => path.replace(/^node_modules\//, ''));
}

/** npm's record of what it has installed; other package managers keep none. */
async function readLockfile(): Promise<string> {
  return await readFile(join(PACKAGES, '.package-lock.json'), 'utf8').catch(
    () => '{"packages":{}}',
  );
}
