/** Which files of tests there are, and which processes run them in which order. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { ROOT } from '../setup/paths.mjs';

/** They take minutes, and CI runs them: `npm run test:cases`, `npm run test:long`. */
const BY_NAME_ONLY = ['cases', 'long'];

/** What takes longest begins first, so that all processors are busy until the end; before these, what takes minutes. */
const LONGEST_FIRST = [
  'test/fault/death-of-processes.test.ts',
  'test/fault/network-faults.test.ts',
  'test/integration/hosts.test.ts',
  'test/integration/own-disks.test.ts',
  'test/integration/hosts-leave.test.ts',
  'test/integration/hosts-takeover.test.ts',
  'test/integration/library.test.ts',
  'test/conformance/compiled-engine.test.ts',
  'test/extension/examples.test.ts',
  'test/extension/identity.test.ts',
  'test/integration/docs.test.ts',
  'test/integration/not-finite.test.ts',
  'test/fault/killed-training.test.ts',
  'test/integration/command-line.test.ts',
  'test/integration/same-bits.test.ts',
  'test/integration/bench.test.ts',
  'test/fault/replicas-differ.test.ts',
  'test/integration/bad-input.test.ts',
  'test/integration/raw-files.test.ts',
  'test/conformance/portable-engine.test.ts',
  'test/integration/run-of-processes.test.ts',
  'test/integration/resume-anywhere.test.ts',
  'test/integration/next-step.test.ts',
];
const missing = LONGEST_FIRST.filter((path) => !existsSync(join(ROOT, path)));
if (missing.length > 0) throw new Error(`LONGEST_FIRST names files that are gone: ${missing}`);

/** A process for each folder below; its files share what takes long to start, above all an engine. */
const SHARED_PROCESS = ['test/parity', 'test/property', /^test\/unit\/[^/]+/];

/** Where the tests are that run without being named. */
export const FOLDERS_BY_DEFAULT = readdirSync(join(ROOT, 'test'))
  .filter((name) => !BY_NAME_ONLY.includes(name))
  .map((name) => join('test', name))
  .filter((folder) => testFilesIn(join(ROOT, folder)).length > 0);

export function testFilesIn(path) {
  if (!statSync(path, { throwIfNoEntry: false })) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(path, name))
    .sort();
}

/**
 * The files by the process that runs them, those that take longest first.
 * @returns {{ name: string, files: string[] }[]} named by the only file or by the folder
 */
export function planProcesses(files) {
  const processes = new Map();
  for (const file of files) {
    const path = relative(ROOT, file).split(sep).join('/');
    const name = sharedProcess(dirname(path)) ?? path;
    processes.set(name, [...(processes.get(name) ?? []), file]);
  }
  return [...processes]
    .map(([name, of]) => ({ name: of.length === 1 ? relative(ROOT, of[0]) : name, files: of }))
    .sort((a, b) => placeOf(a) - placeOf(b));
}

function sharedProcess(folder) {
  for (const shared of SHARED_PROCESS) {
    if (typeof shared === 'string' ? folder === shared : shared.test(folder)) {
      return typeof shared === 'string' ? shared : shared.exec(folder)[0];
    }
  }
  return undefined;
}

function placeOf({ name }) {
  if (BY_NAME_ONLY.some((folder) => name.startsWith(`test/${folder}/`))) return -1;
  const place = LONGEST_FIRST.indexOf(name);
  return place < 0 ? LONGEST_FIRST.length : place;
}
