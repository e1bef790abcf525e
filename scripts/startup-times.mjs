/**
 * `npm run bench:startup -- OTHER_CLONE [ROUNDS]`: how long three starts take in this clone and in another one, by turns
 * in one run. Both must be set up. Prints median and quartiles in milliseconds, and how many times faster this clone is.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Router } from 'zeromq';
import { ROOT } from './setup/paths.mjs';

const [otherClone, rounds = '15'] = process.argv.slice(2);
if (!otherClone || !existsSync(join(otherClone, 'bin/lockstep.js'))) {
  process.stderr.write(
    'Name another clone of Lockstep: npm run bench:startup -- OTHER_CLONE [ROUNDS]\n',
  );
  process.exit(2);
}
const CLONES = { here: ROOT, there: resolve(otherClone) };
const folder = mkdtempSync(join(tmpdir(), 'lockstep-startup-'));

const lockstep = (clone, ...args) => [process.execPath, join(clone, 'bin/lockstep.js'), ...args];

/** Milliseconds from the start of a command to its end. */
function timeCommand(command) {
  const startMs = performance.now();
  const { status, stderr } = spawnSync(command[0], command.slice(1), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')} failed: ${stderr}`);
  return performance.now() - startMs;
}

/** A worker as `lockstep train` starts it, from the build where there is one, else from the source through tsx. */
function workerCommand(clone) {
  const built = join(clone, 'dist/worker/main.js');
  if (existsSync(built)) return [process.execPath, built];
  const tsx = join(clone, 'node_modules/tsx/dist/loader.mjs');
  return [process.execPath, '--import', `file://${tsx}`, join(clone, 'src/worker/main.ts')];
}

/** A coordinator that never answers: it reads what workers say, until one of them says hello. */
class Listener {
  #router = new Router({ linger: 0 });

  async open() {
    await this.#router.bind('tcp://127.0.0.1:*');
    return this.#router.lastEndpoint;
  }

  async hello() {
    for await (const frames of this.#router) {
      // The kind of a message is text in its msgpack.
      if (frames.some((frame) => frame.includes('hello'))) return;
    }
  }

  close() {
    this.#router.close();
  }
}

/** Milliseconds from the start of a worker to its hello. */
async function timeWorker(clone, runFolder) {
  const coordinator = new Listener();
  const endpoint = await coordinator.open();
  const [node, ...argv] = workerCommand(clone);
  const startMs = performance.now();
  const worker = spawn(node, argv, {
    env: { ...process.env, ...workerEnvironment(endpoint, runFolder) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  worker.stderr.on('data', (text) => {
    errors += text;
  });
  const ended = new Promise((done) => worker.once('close', done));
  const early = ended.then(() => {
    throw new Error(`A worker ended before it said hello: ${errors}`);
  });
  await Promise.race([coordinator.hello(), early]);
  const tookMs = performance.now() - startMs;
  early.catch(() => {});
  worker.kill('SIGKILL');
  await ended;
  coordinator.close();
  return tookMs;
}

function workerEnvironment(endpoint, runFolder) {
  return {
    LOCKSTEP_RUN: 'startup',
    LOCKSTEP_SLOT: '0',
    LOCKSTEP_ATTEMPT: '0',
    LOCKSTEP_WORLD_SIZE: '1',
    LOCKSTEP_COORDINATOR: endpoint,
    LOCKSTEP_DATA_ADDRESS: 'tcp://127.0.0.1:*',
    LOCKSTEP_INSECURE_TCP: 'yes',
    LOCKSTEP_RUN_FOLDER: runFolder,
    CUDA_VISIBLE_DEVICES: '',
    TF_ENABLE_ONEDNN_OPTS: '1',
    TF_CPP_MIN_LOG_LEVEL: '2',
    TF_NUM_INTRAOP_THREADS: '1',
    TF_NUM_INTEROP_THREADS: '1',
    OMP_NUM_THREADS: '1',
  };
}

/** Each clone trains the tiny configuration once: its dataset is inspected, its run's folder started in. */
function prepare(clone, name) {
  const places = { store: join(folder, `${name}-data`), run: join(folder, `${name}-run`) };
  const set = ['--set', `data.store=${places.store}`];
  const config = join(clone, 'configs/tiny.yaml');
  timeCommand(lockstep(clone, 'train', config, '--run', places.run, '--workers', '1', ...set));
  return places;
}

function quartiles(times) {
  const sorted = [...times].sort((a, b) => a - b);
  return [0.25, 0.5, 0.75].map((share) => sorted[Math.round(share * (sorted.length - 1))]);
}

function report(what, times) {
  const [here, there] = [quartiles(times.here), quartiles(times.there)];
  const shown = ([low, median, high]) =>
    `${median.toFixed(0)} (${low.toFixed(0)}–${high.toFixed(0)})`;
  const factor = (there[1] / here[1]).toFixed(2);
  process.stdout.write(
    `${what}: here ${shown(here)} ms, there ${shown(there)} ms, ${factor} times\n`,
  );
}

try {
  const places = Object.fromEntries(
    Object.entries(CLONES).map(([name, clone]) => [name, prepare(clone, name)]),
  );
  const starts = {
    'lockstep --version': async (name) => timeCommand(lockstep(CLONES[name], '--version')),
    'lockstep data info': async (name) =>
      timeCommand(lockstep(CLONES[name], 'data', 'info', places[name].store)),
    "a worker's start to its hello": async (name) =>
      await timeWorker(CLONES[name], places[name].run),
  };
  for (const [what, time] of Object.entries(starts)) {
    const times = { here: [], there: [] };
    for (let round = 0; round < Number(rounds); round++) {
      for (const name of round % 2 === 0 ? ['here', 'there'] : ['there', 'here']) {
        times[name].push(await time(name));
      }
    }
    report(what, times);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
