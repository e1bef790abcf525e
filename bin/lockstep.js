#!/usr/bin/env node
// Starts the command line from the build. Itself an ES2015 module, so that an old Node can say what it needs.
import limits from '../scripts/setup/limits.cjs';
import readiness from '../scripts/setup/readiness.cjs';

const words = process.argv.slice(2);
const problem = readiness.startProblem(words[0]);
const limit = problem === null ? limits.limitProblem() : null;
if (words.length === 1 && words[0] === 'setup') {
  // Before there is anything to load the command line from.
  void import('../scripts/setup.cjs');
} else if (words.length === 1 && words[0] === '--version' && !problem) {
  void import('../dist/core/version.js').then(({ LOCKSTEP_VERSION }) =>
    console.log(LOCKSTEP_VERSION),
  );
} else if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 2;
} else if (limit) {
  process.stderr.write(`${limit}\n`);
  process.exitCode = 5;
} else {
  void import('../dist/cli/main.js');
}
