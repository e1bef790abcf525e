/**
 * A supervisor process with fake workers: argv[2] is the JSON of `FakeRun`; its coordinator, fake-coordinator-main.ts,
 * prints the run's events, one a line.
 */
import { DEFAULT_ELASTICITY } from '../../coordinator/elasticity.ts';
import { prepareRendezvous, removeRendezvous } from '../../coordinator/rendezvous.ts';
import { superviseRun } from '../../coordinator/supervisor/supervisor.ts';
import { cpuDevices } from '../../launch/device.ts';
import { localLaunch } from '../../launch/local.ts';
import { watchProcessSignals } from '../../launch/process-signals.ts';
import { startProgram } from '../../launch/program.ts';
import type { FakeRun } from './fake-run.ts';

const text = process.argv[2]!;
const run = JSON.parse(text) as FakeRun;
const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
const elasticity = { ...DEFAULT_ELASTICITY, ...run.elasticity };

function startCoordinator() {
  const program = new URL('./fake-coordinator-main.ts', import.meta.url);
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  const child = startProgram(program, [`${run.coordinatorLoadsMs ?? 0}`], { stdio: [...stdio] });
  say({ kind: 'coordinator', pid: child.pid });
  return child;
}

const rendezvous =
  run.transport === 'ipc'
    ? ({ kind: 'ipc' } as const)
    : ({ kind: run.transport, host: '127.0.0.1' } as const);
const spec = prepareRendezvous('fake', rendezvous, run.workers, elasticity.coordinatorWaitMs);
const outcome = await superviseRun({
  rendezvous: spec,
  maxRestarts: elasticity.maxRestarts,
  ...(run.healthyMs !== undefined && { healthyMs: run.healthyMs }),
  ...(run.coordinatorSilenceMs !== undefined && { silenceMs: run.coordinatorSilenceMs }),
  startCoordinator,
  watchSignals: watchProcessSignals,
  task: JSON.parse(text),
  launch: (trueSeats, watch) => {
    const places: { pid: number; slot: number }[] = [];
    const seats = trueSeats.map(({ slot, environment }) => ({
      slot,
      environment: { ...environment, ...run.addresses?.[slot] },
    }));
    const workers = localLaunch({
      devices: cpuDevices(run.workers),
      engine: { threadsPerWorker: 1, numerics: 'strict' },
      runFolder: run.folder,
      entry: new URL('./fake-worker.ts', import.meta.url),
      args: [text],
    })(seats, {
      ...watch,
      onSpawn: (slot, pid) => {
        places.push({ pid, slot });
        watch.onSpawn(slot, pid);
      },
    });
    const { environment } = trueSeats[0]!;
    say({ kind: 'launched', pids: places.map(({ pid }) => pid), places, environment });
    return workers;
  },
});
removeRendezvous(spec);
const { error, ...rest } = outcome;
say({ kind: 'outcome', outcome: rest });
console.error(error?.toLine() ?? outcome.reason);
process.exitCode = outcome.exitCode;
