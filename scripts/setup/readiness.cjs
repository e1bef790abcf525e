// Asked before anything is loaded. ES2015 only: an old Node has to read it.
'use strict';
const nodeVersion = require('./node-version.cjs');

/** What answers without an engine. */
const ENGINE_FREE = [
  '--version',
  '--help',
  '-h',
  'help',
  'setup',
  'completion',
  'baselines',
  'launch',
  'healthz',
  undefined,
];

/** One line on why Lockstep cannot start `command` in this process, or null. */
function startProblem(command) {
  const problem = nodeVersion.nodeProblem(process.versions.node);
  if (problem) return problem;
  // Not before: a very old Node knows no `node:`.
  const fs = require('node:fs');
  const folders = require('./engine-folder.cjs');
  const isBuilt = fs.existsSync(`${folders.ROOT}/dist/cli/main.js`);
  if (isBuilt && (ENGINE_FREE.indexOf(command) >= 0 || engineIsReady(fs, folders))) return null;
  return folders.isClone
    ? 'Lockstep is not set up in this clone: run `npm run setup` in its folder first.'
    : 'Lockstep has no engine in this project: run `npx lockstep setup` first.';
}

/** TensorFlow is linked into this project, or the set-up has settled for the portable engine. */
function engineIsReady(fs, folders) {
  if (fs.existsSync(folders.bindingPath())) return true;
  try {
    const text = fs.readFileSync(`${folders.engineFolder()}/engine.json`, 'utf8');
    return JSON.parse(text).variant === 'portable';
  } catch (_missing) {
    return false;
  }
}

exports.startProblem = startProblem;
