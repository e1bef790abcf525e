// ES2015 only: this file has to run on the Node that it complains about.
'use strict';

const LOWEST_NODE = [20, 19];

/** One line on what is wrong with this version of Node (`process.versions.node`), or null. */
function nodeProblem(version) {
  const parts = version.split('.').map(Number);
  const isEnough =
    parts[0] > LOWEST_NODE[0] || (parts[0] === LOWEST_NODE[0] && parts[1] >= LOWEST_NODE[1]);
  if (isEnough) return null;
  const lowest = LOWEST_NODE.join('.');
  return `Lockstep needs Node ${lowest} or later, this is Node ${version}: install a newer Node and run the command again.`;
}

exports.nodeProblem = nodeProblem;
