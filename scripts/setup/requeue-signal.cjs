// Loaded before anything else of the command line. ES2015 only: an old Node has to read it.
//
// Node opens its debugger on SIGUSR1, which any user of the host may then use, until a program handles that signal. Our
// own programs start with --inspect-port=192.0.2.1:9229: no host has that address (RFC 5737), so the debugger never opens.
// `node bin/lockstep.js` has not that option; it closes a debugger that opened before this file was read.
'use strict';

/** As after a run that SIGUSR1 ended: a scheduler may start it again. Nothing has begun yet. */
const REQUEUE = 75;

const onSignal = () => {
  // Whoever has begun something has a handler of its own.
  if (process.listenerCount('SIGUSR1') === 1) process.exit(REQUEUE);
};
process.on('SIGUSR1', onSignal);

const wanted = /--inspect(-brk|-wait)?(=|\s|$)/.test(
  process.execArgv.concat(process.env.NODE_OPTIONS || '').join(' '),
);
const inspector =
  wanted || !process.getBuiltinModule ? undefined : process.getBuiltinModule('node:inspector');

/** The signal that opened the debugger was meant for us. */
function closeDebugger() {
  if (inspector.url() === undefined) return;
  inspector.close();
  process.emit('SIGUSR1', 'SIGUSR1');
}

if (inspector) {
  closeDebugger();
  // Node's own thread may open it a moment after the signal.
  setImmediate(closeDebugger);
  for (const ms of [20, 100, 500]) setTimeout(closeDebugger, ms).unref();
}
