// Loaded before anything else of the command line: loading the rest takes long, and a signal may come meanwhile. ES2015
// only: an old Node has to read it.
'use strict';

/** As after a run that SIGUSR1 ended: a scheduler may start it again. Nothing has begun yet. */
const REQUEUE = 75;

process.on('SIGUSR1', () => {
  // Whoever has begun something has a handler of its own.
  if (process.listenerCount('SIGUSR1') === 1) process.exit(REQUEUE);
});
require('./close-debugger.cjs');
