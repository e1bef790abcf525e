/** Sends a worker's state to a peer: any bytes, cut into frames of the data channel. */
import type { DataHeader } from '../protocol/data-frame.ts';
import { encodeHeader, MAX_PAYLOAD_BYTES } from '../protocol/data-frame.ts';
import type { ArrivedFrame, GenerationRank } from './all-reduce.ts';
import type { Transport } from './transport/transport.ts';

const WORD_BYTES = 4;

/**
 * Sends `state` (a multiple of four bytes) to a peer. Nobody may change the bytes afterwards.
 * @param run tag of the run
 */
export async function sendState(
  transport: Transport,
  { run, sender, step }: { run: string; sender: GenerationRank; step: number },
  receiver: number,
  state: Uint8Array,
): Promise<void> {
  const header: Omit<DataHeader, 'offset'> = {
    run,
    generation: sender.generation,
    round: 0,
    step,
    stage: 'state',
    sender: sender.rank,
    vectorLength: state.length / WORD_BYTES,
    microBatches: 0,
    level: 0,
    index: 0,
  };
  for (let begin = 0; begin < state.length; begin += MAX_PAYLOAD_BYTES) {
    const payload = state.subarray(begin, begin + MAX_PAYLOAD_BYTES);
    const offset = begin / WORD_BYTES;
    const covered = transport.wantsChecksum(receiver, payload) ? payload : null;
    const sent = encodeHeader({ ...header, offset }, covered);
    await transport.send(receiver, { header: sent, payload });
  }
}

/** Collects the frames of one state, in any order; ignores duplicates. */
export class StateReceipt {
  readonly #sender: number;
  readonly #missing = new Set<number>();
  #state: Uint8Array | null = null;

  /** @param sender rank that sends the state */
  constructor(sender: number) {
    this.#sender = sender;
  }

  /** Takes a frame. Returns all bytes after the last one, otherwise null. Ignores frames that do not fit. */
  accept({ header, payload }: ArrivedFrame): Uint8Array | null {
    if (header.sender !== this.#sender) return null;
    const sizeBytes = header.vectorLength * WORD_BYTES;
    this.#state ??= this.#begin(sizeBytes);
    const offset = header.offset * WORD_BYTES;
    const fits = sizeBytes === this.#state.length && this.#missing.has(offset);
    const wanted = Math.min(MAX_PAYLOAD_BYTES, sizeBytes - offset);
    if (!fits || payload.byteLength !== wanted) return null;
    this.#state.set(new Uint8Array(payload.buffer, payload.byteOffset, wanted), offset);
    this.#missing.delete(offset);
    return this.#missing.size === 0 ? this.#state : null;
  }

  #begin(sizeBytes: number): Uint8Array {
    for (let at = 0; at < sizeBytes; at += MAX_PAYLOAD_BYTES) this.#missing.add(at);
    return new Uint8Array(sizeBytes);
  }
}
