/**
 * Runs compiled tests by node's test runner. Started by scripts/test.mjs, which compiles; argv: how many minutes a
 * process may take on an idle machine, where to write the times of tests (empty: nowhere), the sources of the tests.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { pathToFileURL } from 'node:url';
import { COMPILED, compiledPath } from './compile.mjs';
import { planProcesses } from './files.mjs';
import { recordTimes } from './times.mjs';
import { unfinishedTests } from './unfinished.mjs';

/** Some tests mostly wait, so one more process than processors keeps these busy. */
const PROCESSES = Math.min(availableParallelism() + 1, 5);
const TOTAL = /^(pass|fail|cancelled) (\d+)$/;
const ENTRIES = join(COMPILED, 'process');

const { deadline } = await import(pathToFileURL(join(COMPILED, 'test/helper/slowness.js')).href);

/** What node runs: the file itself, or one that imports all files of the process. */
function entryOf({ name, files }) {
  if (files.length === 1) return compiledPath(files[0]);
  const entry = join(ENTRIES, `${name}.js`);
  mkdirSync(dirname(entry), { recursive: true });
  const imports = files.map((file) => `import '${pathToFileURL(compiledPath(file)).href}';\n`);
  writeFileSync(entry, imports.join(''));
  return entry;
}

rmSync(ENTRIES, { recursive: true, force: true });
const [minutes, times, ...sources] = process.argv.slice(2);
const files = planProcesses(sources).map(entryOf);
const timeout = deadline(Number(minutes) * 60_000);
const events = run({ files, concurrency: PROCESSES, timeout });
const unfinished = unfinishedTests(events);
if (times !== '') recordTimes(events, times);
const totals = {};
events.on('test:diagnostic', ({ nesting, message }) => {
  const total = nesting === 0 ? TOTAL.exec(message) : null;
  if (total) totals[total[1]] = Number(total[2]);
});
events.compose(new spec()).pipe(process.stdout);
await new Promise((resolve) => events.once('end', resolve));
process.on('exit', () => {
  const { pass, fail, cancelled } = totals;
  for (const line of unfinished()) process.stdout.write(`${line}\n`);
  if (pass === undefined) process.stdout.write('The tests were ended before they were done.\n');
  else process.stdout.write(`${pass} passed, ${fail + cancelled} failed\n`);
  if (pass === undefined || fail + cancelled > 0) process.exitCode = 1;
});
