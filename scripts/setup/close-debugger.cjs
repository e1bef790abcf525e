// Node opens its debugger on SIGUSR1, which any user of the host may then use, until a program handles that signal. Our
// own programs start with --inspect-port=255.255.255.255:0: nobody can connect to a broadcast address, so nobody uses a
// debugger that opened while Node itself was starting. Whoever loads this file has a handler: the debugger closes, and
// the signal that opened it counts. ES2015 only: an old Node has to read it.
'use strict';

const wanted = /--inspect(-brk|-wait)?(=|\s|$)/.test(
  process.execArgv.concat(process.env.NODE_OPTIONS || '').join(' '),
);
const inspector =
  wanted || !process.getBuiltinModule ? undefined : process.getBuiltinModule('node:inspector');

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
