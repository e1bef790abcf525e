/**
 * Real processes over tcp under one random fault after the other, at any moment, also while the last one is being
 * dealt with: kills of one worker, of several or of the coordinator, stops, exits and full disks, connections that are delayed, held
 * back, cut or left half-open. In the end the state is that of an undisturbed run. `npm run test:faults` injects
 * 200 times; LOCKSTEP_SEED names the faults.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectedState, FakeRunProcess } from '../../src/bench/faults/fake-run.ts';
import { INJECTED, INJECTED_NAMES, type InjectedName } from '../../src/bench/faults/fault-kinds.ts';
import { inject, pause } from '../../src/bench/faults/inject.ts';
import { FaultyNetwork } from '../../src/bench/faults/network.ts';
import { randomStream } from '../../src/core/random.ts';
import { deadline } from '../helper/slowness.ts';

const FAULTS = Number(process.env.LOCKSTEP_FAULTS ?? 12);
const SEED = Number(process.env.LOCKSTEP_SEED ?? 1);
const WORKERS = 3;
/** Kills are what happens most. */
const KINDS: readonly (InjectedName | 'kill-several')[] = [
  ...INJECTED_NAMES.filter((name) => !INJECTED[name].isLast),
  ...(['kill', 'kill', 'kill-several', 'kill-several'] as const),
];

const random = randomStream(SEED, 'synthetic');
let draws = 0;
const below = (count: number): number => random.integer(draws++, count);

const lastStep = (run: FakeRunProcess): number => {
  const line = run.lines.findLast(({ kind }) => kind === 'step');
  return line?.kind === 'step' ? line.step : -1;
};

async function injectAtRandom(run: FakeRunProcess): Promise<string> {
  const kind = KINDS[below(KINDS.length)]!;
  if (kind !== 'kill-several') await inject(run, kind, below(WORKERS));
  else {
    const victims = [...Array(WORKERS).keys()].filter(() => below(3) > 0);
    await Promise.all(victims.map((slot) => inject(run, 'kill', slot)));
  }
  return kind;
}

test(`${FAULTS} random faults change no bit`, {
  timeout: deadline(180_000 + FAULTS * 20_000),
}, async (t) => {
  const run = new FakeRunProcess(
    {
      ...{ transport: 'tcp', workers: WORKERS, totalSteps: 1_000_000, stepMs: 10, hangMs: 2_000 },
      ...{ microBatches: 4, length: 200, saveEverySteps: 5, healthyMs: 0 },
    },
    await FaultyNetwork.open(WORKERS),
  );
  try {
    await run.line('step', ({ step }) => step >= 3);
    const injected = new Map<string, number>();
    for (let fault = 0; fault < FAULTS; fault++) {
      const kind = await injectAtRandom(run);
      injected.set(kind, (injected.get(kind) ?? 0) + 1);
      // Every other fault comes while the one before is being dealt with.
      await pause(below(2) * below(400));
      const before = lastStep(run);
      if (fault % 2 === 1) await run.line('step', ({ step }) => step >= before + 3);
    }
    const reached = lastStep(run);
    await run.line('step', ({ step }) => step >= reached + 3);
    run.process.kill('SIGTERM');
    assert.equal(await run.exit(), 143, run.stderr);
    const { outcome } = await run.line('outcome');
    assert.equal(outcome.stateHash, await expectedState(run.run, outcome.step));
    await run.nothingIsLeft();
    t.diagnostic(`injected: ${JSON.stringify(Object.fromEntries(injected))}; ${recoveries(run)}`);
  } finally {
    await run.cleanUp();
  }
});

/** How long it took from a loss to the next finished step, from the run's own log. */
function recoveries(run: FakeRunProcess): string {
  const times = run.lines
    .flatMap((line) => (line.kind === 'status' ? [line.text] : []))
    .flatMap((text) => /was finished (\d+) ms after the loss/.exec(text)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(part * times.length))];
  return `${times.length} recoveries: median ${at(0.5)} ms, nine of ten within ${at(0.9)} ms, at most ${at(1)} ms`;
}
