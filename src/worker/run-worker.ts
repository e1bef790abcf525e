/** One worker from its configuration to its end: define the run, join, find the start, train. */
import { join } from 'node:path';
import { listCheckpoints } from '../checkpoint/store.ts';
import type { RunConfig } from '../config/run-config.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { openStore } from '../data/format/open-store.ts';
import type { Store } from '../data/format/store.ts';
import type { Engine } from '../engine/engine.ts';
import { createEngine } from '../engine/select.ts';
import { hashRun } from '../extension/identity.ts';
import { defineRun, type RunDefinition } from '../run/definition.ts';
import type { Comm } from './comm.ts';
import { runReplica } from './replica.ts';
import { findStart, type Start } from './training/restoring.ts';
import type { SimulatedFault } from './training/simulated-fault.ts';
import { Trainer, type TrainerEnd } from './training/trainer.ts';

export interface WorkerInput {
  readonly config: RunConfig;
  readonly comm: Comm;
  readonly runFolder: string;
  /** Folder of the dataset on this host. @default where the configuration says */
  readonly store?: string | undefined;
  /** Go on from the newest checkpoint, if there is one. */
  readonly resume: boolean;
  /** Faults ordered for this process. */
  readonly faults?: readonly SimulatedFault[];
  readonly onWarning: (sentence: string) => void;
  /** Called once everything is ready, before the first step (debug looks at the layers here). */
  readonly onReady?: (ready: ReadyWorker) => Promise<void>;
}

export interface ReadyWorker {
  readonly run: RunDefinition;
  readonly engine: Engine;
  readonly store: Store;
  readonly start: Start;
}

/** @throws LockstepError what ended the run early */
export async function runWorker(input: WorkerInput): Promise<TrainerEnd> {
  const store = await openStore(input.store ?? input.config.data.store, { verify: false });
  try {
    return await trainOn(store, input);
  } finally {
    await store.close();
  }
}

async function trainOn(store: Store, input: WorkerInput): Promise<TrainerEnd> {
  const { config, comm, runFolder } = input;
  const run = defineRun(config, store);
  const engine = await createEngine(config.engine);
  const saving = { runFolder, fingerprint: engine.fingerprint };
  const trainer = new Trainer({
    run,
    engine,
    comm,
    saving,
    store: store.path,
    faults: input.faults ?? [],
    findStart: async ({ again }) => {
      const resume = (input.resume || again) && (await hasCheckpoint(input));
      const start = await findStart(run, store, saving, { resume });
      start.warnings.forEach(input.onWarning);
      await input.onReady?.({ run, engine, store, start });
      return start.progress;
    },
  });
  try {
    const request = {
      configHash: hashRun(config),
      dataHash: store.manifest.contentHash,
      fingerprint: canonicalJson(engine.fingerprint),
    };
    await trainer.loaded();
    return await runReplica(comm, request, trainer);
  } finally {
    await trainer.dispose();
  }
}

/** A run that ended before its first checkpoint starts again from the beginning. */
async function hasCheckpoint({ runFolder, onWarning }: WorkerInput): Promise<boolean> {
  if ((await listCheckpoints(join(runFolder, 'checkpoints'))).length > 0) return true;
  onWarning('The run has no checkpoint yet: it starts from the beginning.');
  return false;
}
