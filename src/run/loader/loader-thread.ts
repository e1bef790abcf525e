/** The loader's thread: reads, pads and prepares micro-batches while TensorFlow blocks the main one. */
import { parentPort, workerData } from 'node:worker_threads';
import type { RunConfig } from '../../config/run-config.ts';
import { asLockstepError } from '../../core/errors.ts';
import { failureOfError } from '../../core/failure.ts';
import { openStore } from '../../data/format/open-store.ts';
import type { Store } from '../../data/format/store.ts';
import type { MicroBatch } from '../../engine/engine.ts';
import { loadReferences } from '../../extension/load.ts';
import type { ExtensionReference } from '../../extension/loaded.ts';
import { makeAllPhaseData, type PhaseData } from '../phase.ts';
import { loadMicroBatch } from './load-micro-batch.ts';
import type { LoadRequest } from './load-request.ts';
import type { LoaderMessage } from './loader.ts';

/** What the thread is started with. */
export interface LoaderData {
  readonly config: RunConfig;
  readonly extensions: readonly ExtensionReference[];
  /** Folder of the dataset. */
  readonly store: string;
  /** Of the dataset that the trainer has opened. */
  readonly contentHash?: string | undefined;
}

const port = parentPort!;
const { config, extensions, store: folder, contentHash } = workerData as LoaderData;
const ready = prepare();
// Whoever asks for a micro-batch hears of a failure; a rank that has none to ask for has no use for it.
ready.catch(() => undefined);
/** One at a time and in order: the next request waits for the one before. */
let last: Promise<void> = Promise.resolve();

port.on('message', (request: LoadRequest) => {
  last = last.then(() => answer(request));
});

async function prepare(): Promise<{ store: Store; phases: PhaseData[] }> {
  await loadExtensions();
  const store = await openStore(folder, { contentHash, verify: false });
  return { store, phases: makeAllPhaseData(config, store) };
}

async function loadExtensions(): Promise<void> {
  try {
    await loadReferences(extensions);
    say({ extensions: 'loaded' });
  } catch (thrown) {
    say({ extensions: failureOfError(asLockstepError(thrown)) });
    throw thrown;
  }
}

async function answer(request: LoadRequest): Promise<void> {
  try {
    const { store, phases } = await ready;
    const batch = await loadMicroBatch(store, phases, request);
    say({ request, batch }, buffersOf(batch));
  } catch (thrown) {
    say({ request, failure: failureOfError(asLockstepError(thrown)) });
  }
}

function say(message: LoaderMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function buffersOf(batch: MicroBatch): ArrayBuffer[] {
  const arrays = Object.values(batch.feeds).map((feed) => feed.data.buffer as ArrayBuffer);
  return [...new Set(arrays)];
}
