/**
 * Signals at every age of every process of a run: each run ends as docs/reliability.md says, goes on to the undisturbed
 * state, and leaves nothing. In short form a few of them; `npm run test:signals` sends all 840. LOCKSTEP_SIGNALS=0-99
 * sends the first 99 of all, which are a fair sample, 99-200 the next ones.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLONE } from '../helper/clone.ts';
import { Workplace } from '../helper/command-line.ts';
import { isAlive } from '../helper/processes.ts';
import {
  PROCESSES,
  type Process,
  SIGNALS,
  type Signal,
  type SignalCase,
  SignalledRun,
} from '../helper/signalled-run.ts';
import { deadline } from '../helper/slowness.ts';

const ASKED = process.env.LOCKSTEP_SIGNALS ?? '0-7';
const EARLY = ASKED === 'all' ? 200 : 10;
/** A run mostly waits. */
const AT_ONCE = Number(process.env.LOCKSTEP_SIGNALS_AT_ONCE ?? 3);
/** Denser in the first second, in which a process loads. */
const AGES_MS = [
  ...[0, 50, 100, 200, 300, 400, 500, 650, 800, 1000],
  ...[1300, 1700, 2200, 3000, 4000, 6000, 8000, 11_000, 15_000, 20_000],
];
/** Shorter and longer than a process may be silent. */
const PAUSES_MS = [1000, 5000];

const ALL: readonly SignalCase[] = AGES_MS.flatMap((ageMs, i) =>
  SIGNALS.flatMap((signal) =>
    PROCESSES.map((to) => ({ signal, to, ageMs, pauseMs: PAUSES_MS[i % 2]! })),
  ),
);
/** Steps through all of them, so that the first ones already have every signal, process and age. */
const STRIDE = 163;
const CASES = ALL.map((_, i) => ({ number: i + 1, ...ALL[(i * STRIDE) % ALL.length]! })).slice(
  ...(ASKED === 'all' ? [] : ASKED.split('-').map(Number)),
);

const place = new Workplace();
after(() => place.remove());

describe('SIGUSR1 in the first second of a process', () => {
  it('opens no debugger, and ends it as one that may start again', async () => {
    for (let i = 0; i < EARLY; i++) {
      const child = spawn(join(CLONE, 'bin', 'lockstep.js'), ['data', 'info', 'nowhere'], {
        cwd: place.folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (part: string) => {
        stderr += part;
      });
      const ended = once(child, 'close');
      await sleep((i * 1000) / EARLY);
      child.kill('SIGUSR1');
      const [code, signal] = await ended;
      assert.doesNotMatch(stderr, /Debugger|inspector/);
      // Before Node itself runs, a signal ends a process; the command may also have ended by itself: there is no such data.
      const how = signal ?? code;
      assert(['SIGUSR1', 75, 3].includes(how), `${how} after ${(i * 1000) / EARLY} ms: ${stderr}`);
    }
    assert(!portIsOpen(9229));
  });
});

describe('a run of which a process gets a signal', { concurrency: AT_ONCE }, () => {
  let undisturbed: { readonly state: unknown; readonly files: readonly string[] };
  before(async () => {
    const run = new SignalledRun(place.path('undisturbed'));
    const { code, stderr } = await run.again();
    assert.equal(code, 0, stderr);
    undisturbed = { state: stateOf(run), files: run.files() };
  });

  for (const one of CASES) {
    const { number, signal, to, ageMs, pauseMs } = one;
    const what = signal === 'SIGSTOP' ? `SIGSTOP for ${pauseMs} ms` : signal;
    it(`${number}: ${what} to the ${to} after ${ageMs} ms`, async () => {
      const run = new SignalledRun(place.path(`${number}`));
      const { code, stderr, family } = await run.disturb(one);
      assert.doesNotMatch(stderr, /Debugger listening|UNEXPECTED/);
      assert(expectedCodes(signal, to).includes(code), `exit code ${code}: ${stderr}`);
      const untilMs = performance.now() + deadline(30_000);
      while (family.some(isAlive)) {
        assert(performance.now() < untilMs, `a process is left: ${stderr}`);
        await sleep(50);
      }
      if (code !== 0) {
        const resumed = await run.again();
        assert.equal(resumed.code, 0, `${stderr}\nthen: ${resumed.stderr}`);
      }
      assert.equal(stateOf(run), undisturbed.state);
      assert.deepEqual(run.files(), undisturbed.files);
      rmSync(run.path(), { recursive: true });
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
    SIGQUIT: [130, null],
    SIGSTOP: [],
    SIGKILL: [null],
  };
  if (to === 'command line' || to === 'process group') return [0, ...ofCommand[signal]];
  // The same of the command line that it has just started, as a shell tells it.
  const asTold = { SIGHUP: 129, SIGQUIT: 131, SIGUSR1: 138 } as Partial<Record<Signal, number>>;
  if (to === 'launcher') return [0, ...ofCommand[signal], asTold[signal] ?? 0];
  if (to === 'coordinator') return [0];
  // A worker passes on what a scheduler sends to it alone. Without its handlers it dies, and before the first step
  // nothing is started again.
  return [0, 7, ...ofCommand[signal].filter((code) => code !== null)];
}

/** Whether a process of this host listens at a port; 0A is the state LISTEN of proc(5). */
function portIsOpen(port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return new RegExp(`:${hex} [0-9A-F]+:0000 0A`).test(readFileSync('/proc/net/tcp', 'latin1'));
}

const stateOf = (run: SignalledRun): unknown =>
  existsSync(run.path('run', 'exit.json'))
    ? JSON.parse(readFileSync(run.path('run', 'exit.json'), 'utf8')).stateHash
    : undefined;
