// Entry of the set-up. CommonJS and ES2015 only, so that even a very old Node can say what it needs.
'use strict';
const { nodeProblem } = require('./setup/node-version.cjs');

const problem = nodeProblem(process.versions.node);
if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exit(2);
}
require('./setup/start.cjs');
