// Where the engine lies: asked by the set-up and before every start.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

/** Lockstep's own folder: a clone, or `node_modules/lockstep`. */
const ROOT = path.resolve(__dirname, '../..');
/** npm never packs it. */
const isClone = fs.existsSync(path.join(ROOT, 'package-lock.json'));

/** The clone, or the project whose node_modules hold Lockstep. */
function projectFolder() {
  const [above, ...below] = ROOT.split(`${path.sep}node_modules${path.sep}`);
  return isClone || below.length === 0 ? ROOT : above;
}

/** `$LOCKSTEP_ENGINE`, which several projects may share, or `.engine` in the project. */
function engineFolder() {
  return path.resolve(process.env.LOCKSTEP_ENGINE || path.join(projectFolder(), '.engine'));
}

/** The package tfjs-node-gpu that dist/ loads: npm's in a clone, its copy in a packed Lockstep. */
function bindingPackage() {
  const copy = path.join(ROOT, 'dist/node_modules/@tensorflow/tfjs-node-gpu');
  return fs.existsSync(copy) ? copy : path.join(ROOT, 'node_modules/@tensorflow/tfjs-node-gpu');
}

/** Where that package looks for its binding. */
function bindingPath() {
  return path.join(bindingPackage(), 'lib/napi-v8/tfjs_binding.node');
}

exports.ROOT = ROOT;
exports.isClone = isClone;
exports.projectFolder = projectFolder;
exports.engineFolder = engineFolder;
exports.bindingPackage = bindingPackage;
exports.bindingPath = bindingPath;
