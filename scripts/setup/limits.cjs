// Asked before anything is loaded: with less, Node ends with a stack trace, or a part of it without a word.
'use strict';

/** Loading the program opens its files many at a time; each worker then has about 60. */
const LEAST_FILES = 256;
/** Each WebAssembly memory reserves 10 GiB of addresses (not memory), TensorFlow 25. */
const LEAST_ADDRESSES = 64 * 2 ** 30;
/** Node starts a dozen threads in each of the processes of a run: this one, a coordinator and a worker. */
const LEAST_THREADS = 60;

/** One line on a limit of this process that is too low for Lockstep, or null. */
function limitProblem() {
  // Not before: a very old Node knows no `node:`.
  const fs = require('node:fs');
  let limits;
  try {
    limits = fs.readFileSync('/proc/self/limits', 'utf8');
  } catch (_other) {
    return null; // Another system: it says so itself.
  }
  const files = softLimit(limits, 'Max open files');
  if (files < LEAST_FILES) {
    return `${tooLow('open files', 'ulimit -n', files, LEAST_FILES)} Raise it: ulimit -n 4096.`;
  }
  const addresses = softLimit(limits, 'Max address space');
  if (addresses < LEAST_ADDRESSES) {
    const [found, least] = [`${gib(addresses)} GiB`, `${gib(LEAST_ADDRESSES)} GiB`];
    return `${tooLow('addresses', 'ulimit -v', found, least)} Raise it: ulimit -v unlimited. To limit memory, use a container or cgroup.`;
  }
  return threadProblem(fs, softLimit(limits, 'Max processes'));
}

/** Root has no such limit. */
function threadProblem(fs, limit) {
  if (limit > 4096 || process.getuid() === 0) return null;
  const left = limit - threadsOfUser(fs);
  if (left >= LEAST_THREADS) return null;
  return `${tooLow('processes and threads', 'ulimit -u', `${limit}, of which ${Math.max(left, 0)} are left`, `${LEAST_THREADS} that are left`)} Raise it: ulimit -u 4096.`;
}

function threadsOfUser(fs) {
  let threads = 0;
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
      if (Number(/^Uid:\s+(\d+)/m.exec(status)[1]) !== process.getuid()) continue;
      threads += Number(/^Threads:\s+(\d+)/m.exec(status)[1]);
    } catch (_gone) {
      // It ended meanwhile.
    }
  }
  return threads;
}

/** Infinity where there is none. */
function softLimit(limits, name) {
  const found = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(limits);
  return found === null || found[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(found[1]);
}

const gib = (bytes) => Math.floor((10 * bytes) / 2 ** 30) / 10;

const tooLow = (what, command, found, least) =>
  `OUT_OF_RESOURCES: The limit of ${what} (${command}) is ${found}; Lockstep needs at least ${least}.`;

exports.limitProblem = limitProblem;
