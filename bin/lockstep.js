#!/usr/bin/env node
// Starts the command line from the build. Itself an ES2015 module, so that an old Node can say what it needs.
import readiness from '../scripts/setup/readiness.cjs';

const problem = readiness.startProblem();
if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 2;
} else {
  void import('../dist/cli/main.js');
}
