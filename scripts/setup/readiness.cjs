// Asked before anything is loaded. ES2015 only: an old Node has to read it.
'use strict';
const nodeVersion = require('./node-version.cjs');

/** One line on why Lockstep cannot start in this process, or null. */
function startProblem() {
  const problem = nodeVersion.nodeProblem(process.versions.node);
  if (problem) return problem;
  // Not before: a very old Node knows no `node:`.
  const fs = require('node:fs');
  const isThere = (name) => fs.existsSync(`${__dirname}/../../${name}`);
  if (isThere('.engine/engine.json') && isThere('dist/cli/main.js')) return null;
  return 'Lockstep is not set up in this clone: run `npm run setup` in its folder first.';
}

exports.startProblem = startProblem;
