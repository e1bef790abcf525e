/**
 * The gate of a listening socket: what lets peers in and counts those that it does not. Over tcp it is CURVE
 * with a ZAP handler that knows the run's public keys; without keys (Unix sockets in a private folder, or tcp
 * that was asked to be insecure) it only counts.
 */
import { setTimeout } from 'node:timers/promises';
import { Context, Reply, type Router } from 'zeromq';
import type { RunKeys } from './curve-keys.ts';
import { requireCurve } from './curve-keys.ts';
import { decideZap, keyBytes, ZAP_DOMAIN, ZAP_ENDPOINT } from './zap.ts';

/** A connection that has not said who it is after so long is closed. */
export const HANDSHAKE_MS = 5_000;
/** What encryption adds to a frame: command name, nonce, flags and authenticator; the socket's limit counts it. */
export const ENCRYPTION_BYTES = 33;
/** How long closing waits for ZeroMQ. */
const CLOSE_MS = 1_000;
/** Sources that are named in the log; more are only counted. */
const MOST_NAMED = 32;

export interface GateCounts {
  /** Connections that came, and those of them that were let in. */
  accepted: number;
  admitted: number;
  /** Peers that speak CURVE with a key that is not the run's. */
  wrongKeys: number;
}

/** What was refused, in words; empty when nothing was. `frames`: those that were let in, and then not used. */
export function describeRefused(
  { accepted, admitted, wrongKeys }: GateCounts,
  frames: number,
): string {
  const connections = accepted - admitted;
  if (connections === 0 && frames === 0) return '';
  return `refused in all: ${connections} connections, ${wrongKeys} of them with a wrong key, and ${frames} frames`;
}

/** Says once for each source what was refused. */
export type OnRefused = (text: string) => void;

export class Gate {
  readonly counts: GateCounts = { accepted: 0, admitted: 0, wrongKeys: 0 };
  readonly #keys: RunKeys | null;
  readonly #onRefused: OnRefused;
  readonly #named = new Set<string>();
  /** Of its own: the handler has one name a context, and ZeroMQ's default context is that of the whole process. */
  readonly #context: Context | null;
  readonly #watching: Promise<void>[] = [];
  #handler: Reply | null = null;

  private constructor(keys: RunKeys | null, onRefused: OnRefused) {
    this.#keys = keys;
    this.#onRefused = onRefused;
    this.#context = keys === null ? null : new Context({ blocky: false });
  }

  /** The handler listens when this resolves: no socket can be opened before. */
  static async open(keys: RunKeys | null, onRefused: OnRefused): Promise<Gate> {
    const gate = new Gate(keys, onRefused);
    if (keys !== null) await gate.#listen(keys);
    return gate;
  }

  /** Options of the sockets behind this gate. */
  get options() {
    const common = { handshakeInterval: HANDSHAKE_MS };
    if (this.#keys === null) return common;
    return {
      ...common,
      context: this.#context!,
      curveServer: true,
      curveSecretKey: this.#keys.secretKey,
      zapDomain: ZAP_DOMAIN,
      // Nobody is let in when no handler answers.
      zapEnforceDomain: true,
    };
  }

  /** Counts what happens at a socket until it is closed. */
  watch(socket: Router): void {
    this.#watching.push(this.#watch(socket).catch(() => undefined));
  }

  /**
   * After the sockets behind it. Resolves when ZeroMQ has let go of them, or a second later: a process that
   * ends while a thread of it has sockets crashes. (A monitor that is closed before its socket blocks ZeroMQ.)
   */
  async close(): Promise<void> {
    const timer = new AbortController();
    const late = setTimeout(CLOSE_MS, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.#watching), late]);
    timer.abort();
    this.#handler?.close();
  }

  async #watch({ events }: Router): Promise<void> {
    for await (const { type } of events) {
      if (type === 'accept') this.counts.accepted++;
      if (type === 'handshake') this.counts.admitted++;
      if (type === 'handshake:error:protocol') {
        this.#name(
          'a connection that does not speak as a process of this run, such as one with another key',
        );
      }
      if (type === 'end') return;
    }
  }

  async #listen(keys: RunKeys): Promise<void> {
    requireCurve();
    const admitted = new Set([keys.coordinatorKey, ...keys.workerKeys].map(keyBytes));
    const handler = new Reply({ context: this.#context!, linger: 0 });
    await handler.bind(ZAP_ENDPOINT);
    this.#handler = handler;
    // Ends when the handler is closed, at most with the error that says so.
    this.#answer(handler, admitted).catch(() => undefined);
  }

  async #answer(handler: Reply, admitted: ReadonlySet<string>): Promise<void> {
    for await (const request of handler) {
      const { answer, isAdmitted, address } = decideZap(request, admitted);

      if (!isAdmitted) {
        this.counts.wrongKeys++;
        this.#name(`a connection from ${address}: its key is not one of this run`);
      }
      await handler.send(answer);
    }
  }

  #name(source: string): void {
    if (this.#named.has(source) || this.#named.size >= MOST_NAMED) return;
    this.#named.add(source);
    this.#onRefused(`refused ${source}`);
  }
}

/** Options of a socket that connects to the process with the public key `serverKey`. */
export function clientOptions(keys: RunKeys | null, serverKey: string | null) {
  if (keys === null || serverKey === null) return {};
  return {
    curveServerKey: serverKey,
    curvePublicKey: keys.publicKey,
    curveSecretKey: keys.secretKey,
  };
}
