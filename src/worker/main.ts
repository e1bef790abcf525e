/**
 * The program that a worker process runs: `main.ts [--resume] [--store PATH] [--simulate FAULT …] [--extension PATH …]`, the
 * rest is in its environment.
 */
import { parseArgs } from 'node:util';
import { asLockstepError } from '../core/errors.ts';
import { loadExtensions } from '../extension/load.ts';
import { guardLoading } from '../extension/loading-guard.ts';
import { guardOutputs } from '../launch/outputs.ts';
import { readWorkersConfig } from '../run/folder.ts';
import { openLog } from '../telemetry/log.ts';
import { openComm } from './comm/comm-client.ts';
import { workerIdentity } from './identity.ts';
import { runWorker } from './run-worker.ts';
import { parseFault, type SimulatedFault } from './training/simulated-fault.ts';

const { values: options } = parseArgs({
  options: {
    resume: { type: 'boolean', default: false },
    /** Where this host has the dataset, if not where the configuration says. */
    store: { type: 'string' },
    simulate: { type: 'string', multiple: true, default: [] },
    extension: { type: 'string', multiple: true, default: [] },
  },
});

/** The faults of this slot's first process; its replacements have none. */
function faultsOf({ slot, attempt }: { slot: number; attempt: number }): SimulatedFault[] {
  if (attempt > 0) return [];
  return options.simulate.map(parseFault).filter(({ rank }) => rank === slot);
}

async function main(): Promise<number> {
  const identity = workerIdentity(process.env);
  const log = openLog(`${identity.runFolder}/logs`, `worker-${identity.slot}`);
  const comm = openComm(identity);
  try {
    await loadExtensions(options.extension, guardLoading);
    const end = await runWorker({
      config: readWorkersConfig(identity.runFolder),
      comm,
      runFolder: identity.runFolder,
      store: options.store,
      resume: options.resume,
      faults: faultsOf(identity),
      onWarning: (text) => {
        log.warn(text);
        if (identity.slot === 0) comm.event({ kind: 'warning', text });
      },
    });
    log.info(`${end.reason} after step ${end.globalStep}, state ${end.stateHash}`);
    return 0;
  } catch (thrown) {
    const error = asLockstepError(thrown);
    log.error(error.toLine(), { stack: error.stack, cause: error.cause });
    process.stderr.write(`${error.toLine()}\n`);
    await comm.fail(error);
    return error.exitCode;
  } finally {
    await comm.close();
    await log.close();
  }
}

guardOutputs();
try {
  process.exitCode = await main();
} catch (thrown) {
  // Before there was a log, or anyone to tell.
  const error = asLockstepError(thrown);
  process.stderr.write(`${error.toLine()}\n`);
  process.exitCode = error.exitCode;
}
