/** Reads files of another host piece by piece: some are on the way while one is written, and what was lost comes again. */
import { LockstepError } from '../../core/errors.ts';
import { PIECE_BYTES, type PieceClient, type PieceHandlers } from '../../protocol/piece-channel.ts';

/** Pieces on the way, so that a cable of some milliseconds is never idle; each takes memory on both hosts. */
const WINDOW_BYTES = 16 * PIECE_BYTES;
/** When nothing has come for so long, what is missing is asked for again: a connection was cut, and with it what was asked. */
const RETRY_MS = 5_000;
/** A host that gives nothing for so long gives nothing more. */
const PATIENCE_MS = 30_000;

/** What tests set. */
export interface Patience {
  readonly retryMs?: number;
  readonly patienceMs?: number;
}

export class PieceReader {
  readonly #client: PieceClient;
  readonly #at: string;
  readonly #signal: AbortSignal;
  readonly #retryMs: number;
  readonly #patienceMs: number;
  /** Offsets of the pieces on the way: what else comes was asked for twice, or by nobody. */
  readonly #awaited = new Set<number>();
  readonly #arrived = new Map<number, Uint8Array>();
  /** The file that is read, and its size. */
  #file = -1;
  #sizeBytes = 0;
  #error: LockstepError | null = null;
  #wake: () => void = () => {};

  /**
   * @param connect to the host that has the files
   * @param at where that is, for errors
   * @param signal ends reading with its reason
   */
  constructor(
    connect: (handlers: PieceHandlers) => PieceClient,
    at: string,
    signal: AbortSignal,
    { retryMs = RETRY_MS, patienceMs = PATIENCE_MS }: Patience = {},
  ) {
    this.#at = at;
    this.#signal = signal;
    this.#retryMs = retryMs;
    this.#patienceMs = patienceMs;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    this.#client = connect({
      onPiece: (file, offset, bytes) => this.#onPiece(file, offset, bytes),
      onFailure: (error) => {
        this.#error ??= error;
        this.#wake();
      },
    });
  }

  /**
   * The bytes of one file, in order. One file at a time.
   * @param file its number in the list
   * @throws LockstepError TIMEOUT when nothing comes any more, what the other host says, the signal's reason
   */
  async *read(file: number, sizeBytes: number): AsyncGenerator<Uint8Array, void> {
    this.#file = file;
    this.#sizeBytes = sizeBytes;
    this.#awaited.clear();
    this.#arrived.clear();
    let asked = 0;
    for (let at = 0; at < sizeBytes; ) {
      for (; asked < Math.min(sizeBytes, at + WINDOW_BYTES); asked += PIECE_BYTES) {
        this.#awaited.add(asked);
        this.#client.ask(file, asked);
      }
      const bytes = await this.#piece(at, asked);
      this.#arrived.delete(at);
      at += bytes.length;
      yield bytes;
    }
  }

  close(): void {
    this.#client.close();
  }

  /** The piece at `offset`, of those that were asked for from there to `end`. */
  async #piece(offset: number, end: number): Promise<Uint8Array> {
    const sinceMs = performance.now();
    for (;;) {
      this.#signal.throwIfAborted();
      if (this.#error !== null) throw this.#error;
      const bytes = this.#arrived.get(offset);
      if (bytes !== undefined) return bytes;
      if (await this.#hasNews()) continue;
      if (performance.now() - sinceMs >= this.#patienceMs) throw this.#nothingCame();
      for (let at = offset; at < end; at += PIECE_BYTES) {
        if (this.#awaited.has(at)) this.#client.ask(this.#file, at);
      }
    }
  }

  /** False when nothing has come for a while. */
  async #hasNews(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const isNews = new Promise<boolean>((resolve) => {
      this.#wake = () => resolve(true);
      timer = setTimeout(() => resolve(false), this.#retryMs);
    });
    return await isNews.finally(() => clearTimeout(timer));
  }

  #onPiece(file: number, offset: number, bytes: Uint8Array): void {
    const expected = Math.min(PIECE_BYTES, this.#sizeBytes - offset);
    if (file !== this.#file || bytes.length !== expected || !this.#awaited.delete(offset)) return;
    this.#arrived.set(offset, bytes);
    this.#wake();
  }

  #nothingCame(): LockstepError {
    return new LockstepError(
      'TIMEOUT',
      `Cannot fetch the run: nothing came from ${this.#at} for ${this.#patienceMs / 1000} s.`,
      'Let this host reach that one by TCP on any port, then start all hosts again.',
    );
  }
}
