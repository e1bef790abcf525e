#!/bin/sh
':' //; . "$(dirname -- "$(readlink -f -- "$0")")/../scripts/setup/limits.sh"
':' //; exec node --inspect-port=255.255.255.255:0 --inspect-publish-uid=http "$0" "$@"
// Starts the command line from the build. Lines for the shell look whether Node can start at all, and give it options; to
// Node each is a string and a comment. A CommonJS module of ES2015, so that an old Node can say what it needs, and no
// module is loaded before the first line.
require('../scripts/setup/requeue-signal.cjs');
const limits = require('../scripts/setup/limits.cjs');
const readiness = require('../scripts/setup/readiness.cjs');

const words = process.argv.slice(2);
const problem = readiness.startProblem(words[0]);
const limit = problem === null ? limits.limitProblem() : null;
if (words.length === 1 && words[0] === 'setup') {
  // Before there is anything to load the command line from.
  void import('../scripts/setup.cjs');
} else if (words.length === 1 && words[0] === '--version' && !problem) {
  void import('../dist/cli/print-version.js');
} else if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 2;
} else if (limit) {
  process.stderr.write(`${limit}\n`);
  process.exitCode = 5;
} else {
  void import('../dist/cli/main.js');
}
