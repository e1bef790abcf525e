/** Transport over ZeroMQ, tcp or ipc: a Router that receives from all, a Dealer to each peer. */
import { Dealer, Router } from 'zeromq';
import { LockstepError } from '../../core/errors.ts';
import { bindOrExplain, serial } from '../../protocol/control-socket.ts';
import { HEADER_BYTES, MAX_PAYLOAD_BYTES } from '../../protocol/data-frame.ts';
import type { Frame, Peer, Transport } from './transport.ts';
import { checkPayload, unknownRank } from './transport-check.ts';

/** Frames of at most 1 MiB queued for, and from, each peer: bounds memory at 64 MiB a side and peer. */
const HIGH_WATER_MARK = 64;
/** A peer's sockets are read off its TensorFlow thread, so it takes frames at all times unless it is gone. */
export const SEND_TIMEOUT_MS = 30_000;

interface Link {
  readonly socket: Dealer;
  readonly inOrder: ReturnType<typeof serial>;
}

class ZeromqTransport implements Transport {
  readonly #address: string;
  readonly #router = new Router({
    receiveHighWaterMark: HIGH_WATER_MARK,
    maxMessageSize: Math.max(MAX_PAYLOAD_BYTES, HEADER_BYTES),
    linger: 0,
  });
  readonly #links = new Map<number, Link>();

  constructor(address: string) {
    this.#address = address;
  }

  async bind(): Promise<string> {
    await bindOrExplain(this.#router, this.#address);
    return this.#router.lastEndpoint ?? this.#address;
  }

  async connect(peers: readonly Peer[]): Promise<void> {
    for (const { rank, endpoint } of peers) {
      const socket = new Dealer({
        sendHighWaterMark: HIGH_WATER_MARK,
        sendTimeout: SEND_TIMEOUT_MS,
        linger: 0,
        reconnectInterval: 20,
      });
      socket.connect(endpoint);
      this.#links.set(rank, { socket, inOrder: serial() });
    }
  }

  memory(floats: number): Float32Array {
    return new Float32Array(floats);
  }

  async send(rank: number, { header, payload }: Frame): Promise<void> {
    const link = this.#links.get(rank);
    if (link === undefined) throw unknownRank(rank);
    checkPayload(payload);
    try {
      await link.inOrder(() => link.socket.send([header, payload]));
    } catch (thrown) {
      throw sendFailure(rank, thrown);
    }
  }

  async *frames(): AsyncIterable<Frame> {
    for await (const [, header, payload, ...rest] of this.#router) {
      // Anything else is not from a peer of this protocol; the header decides about what is.
      if (header === undefined || payload === undefined || rest.length > 0) continue;
      yield { header, payload };
    }
  }

  async close(): Promise<void> {
    for (const { socket } of this.#links.values()) socket.close();
    this.#links.clear();
    this.#router.close();
  }
}

/** A transport that listens on `address`: "tcp://127.0.0.1:*" (any free port) or "ipc:///path". */
export function zeromqTransport(address: string): Transport {
  return new ZeromqTransport(address);
}

function sendFailure(rank: number, thrown: unknown): LockstepError {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new LockstepError(
    'TIMEOUT',
    `Cannot send to rank ${rank} within ${SEND_TIMEOUT_MS} ms: ${why}.`,
    'Look whether that worker still runs, then resume from the last checkpoint.',
    { cause: thrown },
  );
}
