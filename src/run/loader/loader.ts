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
    this.#thread = startThread(new URL('./loader-thread.ts', import.meta.url), {
      config,
      extensions: referencesTo(extensionsOf(config)),
      ...{ store, contentHash },
    });
    this.#thread.on('message', (reply: LoaderReply) => this.#waiting.shift()?.(reply));
    this.#thread.on('error', (error) => this.#break(asLockstepError(error)));
    this.#thread.on('exit', () => this.#break(asLockstepError("The loader's thread has ended.")));
    this.restart(requests);
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

  /** The first reason stays. */
  #break(error: LockstepError): void {
    this.#broken ??= error;
    for (const settle of this.#waiting.splice(0)) settle(this.#broken);
  }
}
