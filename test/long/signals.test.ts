/**
 * Signals at every age of every process of a run. In short form a few of them; `npm run test:signals` sends them all,
 * which takes hours.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '../helper/child-processes.ts';
import { CLONE } from '../helper/clone.ts';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';
import { deadline } from '../helper/slowness.ts';

/** Ages of each process, from 0 to 20 s; 0 for the short form. */
const AGES = Number(process.env.LOCKSTEP_SIGNALS ?? 0);
const EARLY = AGES > 0 ? 200 : 10;
const OPTIONS = [
  '--workers',
  '2',
  '--set',
  'checkpoint.everySteps=4',
  '--set',
  'engine.kind=portable',
];
const CONFIG = fixtureConfig('two-phases.yaml');

const SIGNALS = [
  'SIGTERM',
  'SIGINT',
  'SIGUSR1',
  'SIGHUP',
  'SIGQUIT',
  'SIGSTOP',
  'SIGKILL',
] as const;
type Signal = (typeof SIGNALS)[number];
const PROCESSES = ['command line', 'coordinator', 'worker'] as const;
type Process = (typeof PROCESSES)[number];

interface Case {
  readonly signal: Signal;
  readonly to: Process;
  readonly ageMs: number;
}

/** Each signal to each process at each age; in short form each signal once. */
const CASES: readonly Case[] =
  AGES > 0
    ? SIGNALS.flatMap((signal) =>
        PROCESSES.flatMap((to) =>
          Array.from({ length: AGES }, (_, i) => ({
            ...{ signal, to, ageMs: (i * 20_000) / Math.max(1, AGES - 1) },
          })),
        ),
      )
    : SIGNALS.map((signal, i) => ({ signal, to: PROCESSES[i % 3]!, ageMs: 700 * i }));

const place = new Workplace();
const temporary = place.path('tmp');
after(() => place.remove());
before(() => mkdirSync(temporary));

/** Starts the command as a user's shell does: the file itself, which gives Node its options. */
function start(...args: readonly string[]) {
  const child = spawn(join(CLONE, 'bin', 'lockstep.js'), args, {
    cwd: place.folder,
    env: { ...process.env, TMPDIR: temporary, XDG_CACHE_HOME: place.path('.cache') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }));
  return { pid: child.pid!, child, ended };
}

describe('SIGUSR1 in the first second of a process', () => {
  it('opens no debugger, and ends it as one that may start again', async () => {
    for (let i = 0; i < EARLY; i++) {
      const { child, ended } = start('data', 'info', 'nowhere');
      await sleep((i * 1000) / EARLY);
      child.kill('SIGUSR1');
      const { code, signal, stderr } = await ended;
      assert.doesNotMatch(stderr, /Debugger|inspector/);
      // Before Node itself runs, a signal ends a process; the command may also have ended by itself: there is no such data.
      const how = signal ?? code;
      assert(['SIGUSR1', 75, 3].includes(how), `${how} after ${(i * 1000) / EARLY} ms: ${stderr}`);
    }
    assert(!portIsOpen(9229));
  });
});

describe('a run of which a process gets a signal', () => {
  let undisturbed: unknown;
  before(async () => {
    const { code, stderr } = await start('train', CONFIG, '--run', 'undisturbed', ...OPTIONS).ended;
    assert.equal(code, 0, stderr);
    undisturbed = stateHash('undisturbed');
  });

  for (const [number, { signal, to, ageMs }] of CASES.entries()) {
    it(`ends as documented: ${signal} to the ${to} after ${Math.round(ageMs)} ms`, async () => {
      const run = `run-${number}`;
      const { pid, ended } = start('train', CONFIG, '--run', run, ...OPTIONS);
      const target = to === 'command line' ? pid : await childOf(pid, to, ended);
      await Promise.race([sleep(ageMs), ended]);
      const family = [pid, ...childrenOf(pid, /./)];
      send(target, signal);
      if (signal === 'SIGSTOP') {
        await sleep(1000);
        send(target, 'SIGCONT');
      }
      const { code, stderr } = await ended;
      assert.doesNotMatch(stderr, /Debugger listening|UNEXPECTED/);
      assert(expectedCodes(signal, to).includes(code), `exit code ${code}: ${stderr}`);
      const untilMs = performance.now() + deadline(90_000);
      while (family.some(isAlive)) {
        assert(performance.now() < untilMs, 'a process is left');
        await sleep(50);
      }
      if (code !== 0) {
        const isBegun = existsSync(place.path(run, 'config.yaml'));
        const again = isBegun
          ? ['resume', run, '--workers', '1']
          : ['train', CONFIG, '--run', run, ...OPTIONS];
        const resumed = await start(...again).ended;
        assert.equal(resumed.code, 0, resumed.stderr);
      }
      assert.equal(stateHash(run), undisturbed);
      assert.deepEqual(
        readdirSync(temporary),
        [],
        'of sockets, keys and temporary files nothing is left',
      );
      assert(!existsSync(place.path(run, 'lock')));
    });
  }
});

/** With null for a process that the signal itself ended. */
function expectedCodes(signal: Signal, to: Process): readonly (number | null)[] {
  const ofCommand: Record<Signal, readonly (number | null)[]> = {
    // Before there are handlers, a signal ends the command by default.
    SIGTERM: [143, null],
    SIGINT: [130, null],
    SIGUSR1: [75, null],
    SIGHUP: [143, null],
    SIGQUIT: [null],
    SIGSTOP: [],
    SIGKILL: [null],
  };
  if (to === 'command line') return [0, ...ofCommand[signal]];
  if (to === 'coordinator' || signal === 'SIGSTOP') return [0];
  // A worker passes on what a scheduler sends. One that has just started has no handlers yet.
  const passed = ofCommand[signal].filter((code) => code !== null);
  return signal === 'SIGQUIT' || signal === 'SIGKILL' ? [0, 7] : [0, ...passed];
}

async function childOf(pid: number, to: Process, ended: Promise<unknown>): Promise<number> {
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const pattern = to === 'coordinator' ? /coordinator-main/ : /worker\/main/;
  for (;;) {
    const [child] = childrenOf(pid, pattern);
    if (child !== undefined) return child;
    assert(!isOver, `the run ended before it had a ${to}`);
    await sleep(20);
  }
}

/** It may have ended already. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    assert.equal((thrown as NodeJS.ErrnoException).code, 'ESRCH');
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

/** Whether a process of this host listens at a port; 0A is the state LISTEN of proc(5). */
function portIsOpen(port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return new RegExp(`:${hex} [0-9A-F]+:0000 0A`).test(readFileSync('/proc/net/tcp', 'latin1'));
}

const stateHash = (run: string): unknown =>
  (place.json(run, 'exit.json') as { stateHash: string }).stateHash;
