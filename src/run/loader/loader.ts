/** The main thread's side of the loader: a stream of micro-batches, some ahead of the one in use. */
import type { Worker } from 'node:worker_threads';
import type { RunConfig } from '../../config/run-config.ts';
import { asLockstepError, LockstepError } from '../../core/errors.ts';
import { errorOfFailure, type Failure } from '../../core/failure.ts';
import type { MicroBatch } from '../../engine/engine.ts';
import { extensionsOf } from '../../extension/identity.ts';
import { referencesTo } from '../../extension/loaded.ts';
import { startThread } from '../../launch/program.ts';
import { type LoadRequest, sameRequest } from './load-request.ts';

export type LoaderReply =
  | { readonly request: LoadRequest; readonly batch: MicroBatch }
  | { readonly request: LoadRequest; readonly failure: Failure };

/** What the thread says; of its extensions first. */
export type LoaderMessage = LoaderReply | { readonly extensions: 'loaded' | Failure };

/** Where the dataset is, if not where the configuration says, and its content hash: one that has replaced it is refused. */
export interface LoaderSource {
  readonly store?: string | undefined;
  readonly contentHash?: string | undefined;
}

/** Micro-batches loaded while the ones before compute. */
const DEPTH = 3;

export class Loader {
  readonly #thread: Worker;
  #requests: Iterator<LoadRequest>;
  readonly #pending: { request: LoadRequest; reply: Promise<MicroBatch> }[] = [];
  readonly #waiting: ((reply: LoaderReply | LockstepError) => void)[] = [];
  readonly #extensions: Promise<void>;
  #settleExtensions: (answer?: LockstepError) => void = () => {};
  #broken: LockstepError | undefined;

  /**
   * @param requests everything that will be asked for, in order
   */
  constructor(
    config: RunConfig,
    requests: Iterator<LoadRequest>,
    { store = config.data.store, contentHash }: LoaderSource = {},
  ) {
    this.#requests = requests;
    const extensions = referencesTo(extensionsOf(config));
    this.#thread = startThread(new URL('./loader-thread.ts', import.meta.url), {
      config,
      extensions,
      ...{ store, contentHash },
    });
    this.#extensions = new Promise((resolve, reject) => {
      this.#settleExtensions = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.#extensions.catch(() => undefined);
    // Nobody need wait for a thread that executes nothing of the user's.
    if (extensions.length === 0) this.#settleExtensions();
    this.#thread.on('message', (message: LoaderMessage) => this.#onMessage(message));
    this.#thread.on('error', (error) => this.#break(asLockstepError(error)));
    this.#thread.on('exit', () => this.#break(asLockstepError("The loader's thread has ended.")));
    this.restart(requests);
  }

  /**
   * Resolves once the thread has executed the run's extensions, which may take as long as the user's code likes.
   * @throws LockstepError EXTENSION_INVALID, EXTENSION_MISMATCH; the reason of `signal`
   */
  async untilExtensionsLoaded(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    let stop = () => {};
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason);
      signal.addEventListener('abort', stop);
    });
    try {
      await Promise.race([this.#extensions, stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Goes on with other requests; what was loaded ahead is dropped. */
  restart(requests: Iterator<LoadRequest>): void {
    this.#requests = requests;
    this.#pending.length = 0;
    for (let ahead = 0; ahead < DEPTH; ahead++) this.#ask();
  }

  /**
   * The next micro-batch of the stream.
   * @param expected what the caller believes it is; another one is a defect
   * @throws LockstepError what went wrong while loading it
   */
  async next(expected: LoadRequest): Promise<MicroBatch> {
    const next = this.#pending.shift();
    if (next === undefined || !sameRequest(next.request, expected)) {
      const found = next === undefined ? 'the end' : JSON.stringify(next.request);
      throw new Error(`the loader is at ${found}, the trainer wants ${JSON.stringify(expected)}`);
    }
    this.#ask();
    return await next.reply;
  }

  /** Ends the thread; what is still awaited rejects. */
  async close(): Promise<void> {
    this.#pending.length = 0;
    await this.#thread.terminate();
  }

  #ask(): void {
    const { value: request, done } = this.#requests.next();
    if (done) return;
    const reply = new Promise<MicroBatch>((resolve, reject) => {
      const settle = (answer: LoaderReply | LockstepError): void => {
        if (answer instanceof LockstepError) reject(answer);
        else if ('failure' in answer) reject(errorOfFailure(answer.failure));
        else resolve(answer.batch);
      };
      if (this.#broken !== undefined) settle(this.#broken);
      else this.#waiting.push(settle);
    });
    // The caller meets a failure when it comes to this micro-batch, not before.
    reply.catch(() => undefined);
    this.#pending.push({ request, reply });
    if (this.#broken === undefined) this.#thread.postMessage(request);
  }

  #onMessage(message: LoaderMessage): void {
    if (!('extensions' in message)) this.#waiting.shift()?.(message);
    else if (message.extensions === 'loaded') this.#settleExtensions();
    else this.#settleExtensions(errorOfFailure(message.extensions));
  }

  /** The first reason stays. */
  #break(error: LockstepError): void {
    this.#broken ??= error;
    this.#settleExtensions(this.#broken);
    for (const settle of this.#waiting.splice(0)) settle(this.#broken);
  }
}
