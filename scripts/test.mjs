/**
 * Runs the tests: `node scripts/test.mjs [FILE or FOLDER …]`, all of them without arguments. Shows what
 * node's test runner shows and ends with the line `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, isBuilt } from './setup/build.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COUNTING_REPORTER = fileURLToPath(new URL('test/counting-reporter.mjs', import.meta.url));
const MOST_FILES_AT_ONCE = 4;
const TEST_TIMEOUT_MS = 600_000;
/** TensorFlow reads these when a process loads it; one thread, as in a run. */
const ENGINE_ENVIRONMENT = {
  TF_ENABLE_ONEDNN_OPTS: '1',
  TF_CPP_MIN_LOG_LEVEL: '2',
  TF_NUM_INTRAOP_THREADS: '1',
  TF_NUM_INTEROP_THREADS: '1',
  OMP_NUM_THREADS: '1',
};

function testFilesIn(path) {
  if (!statSync(path, { throwIfNoEntry: false })) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(path, name))
    .sort();
}

/** Resolves to the runner's exit code. */
function runTests(files, countsFile) {
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', '--test'],
      `--test-concurrency=${Math.min(availableParallelism(), MOST_FILES_AT_ONCE)}`,
      `--test-timeout=${TEST_TIMEOUT_MS}`,
      ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
      ...[`--test-reporter=${COUNTING_REPORTER}`, `--test-reporter-destination=${countsFile}`],
      ...files,
    ],
    { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...ENGINE_ENVIRONMENT } },
  );
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((done) => child.on('exit', (code) => done(code ?? 1)));
}

async function main(paths) {
  const empty = paths.find((path) => testFilesIn(resolve(ROOT, path)).length === 0);
  if (empty) {
    process.stderr.write(
      `There is no test file at ${empty}: name a folder under test/ or a .test.ts file.\n`,
    );
    return 2;
  }
  // Tests start the command line, which runs from the build.
  if (!isBuilt()) build();
  const files = paths.flatMap((path) => testFilesIn(resolve(ROOT, path)));
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
  try {
    const countsFile = join(folder, 'counts.json');
    const exitCode = await runTests(files, countsFile);
    const { passed, failed } = JSON.parse(readFileSync(countsFile, 'utf8') || '{}');
    if (passed === undefined) process.stdout.write('The tests were ended before they were done.\n');
    else process.stdout.write(`${passed} passed, ${failed} failed\n`);
    return exitCode;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const paths = process.argv.slice(2);
process.exitCode = await main(paths.length > 0 ? paths : ['test']);
