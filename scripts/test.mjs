/**
 * Runs the tests: `node scripts/test.mjs [--minutes N] [--times FILE] [FILE or FOLDER …]`. Without paths it runs all but
 * test/cases and test/long, which `npm run test:cases` and `npm run test:long` run. Compiles the sources and the tests, shows what node's test runner shows
 * and ends with the line `N passed, N failed`. A process of tests that takes longer than N minutes, or as much more as
 * the machine is slower than an idle one, fails. FILE gets a line of JSON for each test, with its time.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, isBuilt } from './setup/build.mjs';
import { ROOT } from './setup/paths.mjs';
import { compileTests } from './test/compile.mjs';
import { FOLDERS_BY_DEFAULT, testFilesIn } from './test/files.mjs';

const RUNNER = fileURLToPath(new URL('test/run.mjs', import.meta.url));
/** TensorFlow reads these when a process loads it; one thread, as in a run. */
const ENGINE_ENVIRONMENT = {
  TF_ENABLE_ONEDNN_OPTS: '1',
  TF_CPP_MIN_LOG_LEVEL: '2',
  TF_NUM_INTRAOP_THREADS: '1',
  TF_NUM_INTEROP_THREADS: '1',
  OMP_NUM_THREADS: '1',
};

/** Resolves to the runner's exit code. */
function runTests({ minutes, times }, files) {
  // Node's runner hands its own options on to the processes of the tests.
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', RUNNER, minutes, times, ...files],
    {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, ...ENGINE_ENVIRONMENT },
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((done) => child.on('exit', (code) => done(code ?? 1)));
}

async function main(options, paths) {
  const empty = paths.find((path) => testFilesIn(resolve(ROOT, path)).length === 0);
  if (empty) {
    process.stderr.write(
      `There is no test file at ${empty}: name a folder under test/ or a .test.ts file.\n`,
    );
    return 2;
  }
  try {
    // Tests also start the command line, which runs from dist/.
    if (!isBuilt()) build();
    compileTests();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
  return await runTests(
    options,
    paths.flatMap((path) => testFilesIn(resolve(ROOT, path))),
  );
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  // None takes a third of it.
  options: { minutes: { type: 'string', default: '4' }, times: { type: 'string', default: '' } },
});
process.exitCode = await main(values, positionals.length > 0 ? positionals : FOLDERS_BY_DEFAULT);
