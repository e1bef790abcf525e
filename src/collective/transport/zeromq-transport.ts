/** Transport over ZeroMQ, tcp or ipc: one Router receives from all peers, one Dealer sends to each. */

import { setTimeout } from 'node:timers/promises';
import { context, Dealer, Router } from 'zeromq';
import { LockstepError } from '../../core/errors.ts';
import { bindOrExplain, serial } from '../../protocol/control-socket.ts';
import type { RunKeys } from '../../protocol/curve-keys.ts';
import { keyedEndpoint, splitEndpoint } from '../../protocol/curve-keys.ts';
import { MAX_PAYLOAD_BYTES } from '../../protocol/data-frame.ts';
import { isIPv6Endpoint } from '../../protocol/endpoint.ts';
import type { GateCounts, OnRefused } from '../../protocol/gate.ts';
import { clientOptions, ENCRYPTION_BYTES, Gate, HANDSHAKE_MS } from '../../protocol/gate.ts';
import { Reconnects } from '../../protocol/reconnects.ts';
import { FRAME_FLOATS, SMALL_FLOATS } from '../exchange-layout.ts';
import type { Frame, Peer, Transport } from './transport.ts';
import { checkPayload, unknownRank } from './transport-check.ts';
import { UnsharedMemory } from './unshared-memory.ts';

/** Most queued frames of 1 MiB for each peer and direction: bounds memory at 64 MiB a side and peer. */
const HIGH_WATER_MARK = 64;
/** CURVE's longest greeting has 265 bytes and the socket's properties. */
const MAX_GREETING_BYTES = 4096;
/** A peer reads its sockets outside its TensorFlow thread, so it always takes frames unless it is gone. */
const SEND_TIMEOUT_MS = 30_000;

/** Where to listen, and with which keys. */
export interface ZeromqOptions {
  /** Where to listen: "tcp://127.0.0.1:*" (any free port) or "ipc:///path". */
  readonly address: string;
  /** The address at which peers reach it, if it differs, as behind a NAT. @default `address` */
  readonly reachedAt?: string | null;
  /** With keys everything is encrypted and only workers of the run connect; null for Unix sockets. */
  readonly keys: RunKeys | null;
  readonly onRefused: OnRefused;
  /** Time after which `send` gives up a peer that takes nothing. @default 30 000 */
  readonly sendTimeoutMs?: number;
  /** Called when a lost connection to a peer is back. Frames that were on the way are lost. */
  readonly onReconnected?: (rank: number) => void;
}

/** ZeroMQ's thread frees queued frames, our memory, shortly after a socket closes; this thread must live that long. */
const RELEASE_MS = 50;

/** A link takes three sockets, its own and both ends of its monitor. ZeroMQ's default suffices for 340 peers. */
context.maxSockets = 3 * 4096 + 1024;

interface Link {
  readonly socket: Dealer;
  readonly inOrder: ReturnType<typeof serial>;
}

class ZeromqTransport extends UnsharedMemory implements Transport {
  readonly frameFloats = FRAME_FLOATS;
  readonly smallFloats = SMALL_FLOATS;
  readonly #options: ZeromqOptions;
  readonly #links = new Map<number, Link>();
  readonly #reconnects = new Reconnects();
  #gate: Gate | null = null;
  #router: Router | null = null;

  constructor(options: ZeromqOptions) {
    super();
    this.#options = options;
  }

  async bind(): Promise<string> {
    const { address, reachedAt, keys, onRefused } = this.#options;
    const gate = await Gate.open(keys, onRefused);
    this.#gate = gate;
    const router = new Router({
      ...gate.options,
      receiveHighWaterMark: HIGH_WATER_MARK,
      maxMessageSize: MAX_PAYLOAD_BYTES + ENCRYPTION_BYTES,
      ipv6: isIPv6Endpoint(address),
      linger: 0,
    });
    gate.watch(router);
    await bindOrExplain(router, address);
    this.#router = router;
    const endpoint = reachedAt ?? router.lastEndpoint ?? address;
    return keys === null ? endpoint : keyedEndpoint(endpoint, keys.publicKey);
  }

  /** Encryption authenticates, too: a changed message ends its connection. */
  wantsChecksum(): boolean {
    return this.#options.keys === null;
  }

  get gateCounts(): GateCounts | null {
    return this.#gate?.counts ?? null;
  }

  async connect(peers: readonly Peer[]): Promise<void> {
    this.#disconnect();
    const { keys, onReconnected = () => {} } = this.#options;
    for (const peer of peers) {
      const { rank } = peer;
      const { endpoint, serverKey } =
        keys === null ? { ...peer, serverKey: null } : splitEndpoint(peer.endpoint, keys);
      const socket = new Dealer({
        ...clientOptions(keys, serverKey),
        sendHighWaterMark: HIGH_WATER_MARK,
        sendTimeout: this.#sendTimeoutMs,
        // This socket receives only ZeroMQ's greetings, which this limits, too.
        receiveHighWaterMark: 1,
        maxMessageSize: MAX_GREETING_BYTES,
        handshakeInterval: HANDSHAKE_MS,
        linger: 0,
        reconnectInterval: 20,
        ipv6: isIPv6Endpoint(endpoint),
      });
      this.#reconnects.watch(socket, () => onReconnected(rank));
      socket.connect(endpoint);
      this.#links.set(rank, { socket, inOrder: serial() });
    }
  }

  async send(rank: number, { header, payload }: Frame): Promise<void> {
    const link = this.#links.get(rank);
    if (link === undefined) throw unknownRank(rank);
    checkPayload(payload);
    try {
      await link.inOrder(() => link.socket.send([header, payload]));
    } catch (thrown) {
      throw sendFailure(rank, this.#sendTimeoutMs, thrown);
    }
  }

  get #sendTimeoutMs(): number {
    return this.#options.sendTimeoutMs ?? SEND_TIMEOUT_MS;
  }

  async *frames(): AsyncIterable<Frame> {
    if (this.#router === null) return;
    for await (const [, header, payload, ...rest] of this.#router) {
      // Ignores what cannot be a frame; the header decides about the rest.
      if (header === undefined || payload === undefined || rest.length > 0) continue;
      yield { header, payload };
    }
  }

  async close(): Promise<void> {
    this.#disconnect();
    this.#router?.close();
    await this.#reconnects.ended();
    await this.#gate?.close();
    await setTimeout(RELEASE_MS);
  }

  #disconnect(): void {
    for (const { socket } of this.#links.values()) socket.close();
    this.#links.clear();
  }
}

/** A transport over tcp or Unix sockets. */
export function zeromqTransport(options: ZeromqOptions): Transport {
  return new ZeromqTransport(options);
}

function sendFailure(rank: number, timeoutMs: number, thrown: unknown): LockstepError {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new LockstepError(
    'TIMEOUT',
    `Cannot send to rank ${rank} within ${timeoutMs} ms: ${why}.`,
    'Look whether that worker still runs, then resume from the last checkpoint.',
    { cause: thrown },
  );
}
