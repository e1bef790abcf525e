/**
 * The control channel over ZeroMQ: one Router in the coordinator, one Dealer in each worker. Frames are
 * opaque here (see codec.ts). Nothing waits for ever and nothing is dropped silently: a frame that can't be
 * queued at once is reported.
 */
import { Dealer, Router } from 'zeromq';
import { LockstepError } from '../core/errors.ts';
import { MAX_CONTROL_BYTES } from './codec.ts';
import type { RunKeys } from './curve-keys.ts';
import { isIPv6Endpoint } from './endpoint.ts';
import { clientOptions, ENCRYPTION_BYTES, type Gate, HANDSHAKE_MS } from './gate.ts';
import { Reconnects } from './reconnects.ts';

const LIMITS = {
  // Enough for minutes of heartbeats; a peer that reads nothing is declared lost long before.
  sendHighWaterMark: 256,
  receiveHighWaterMark: 1024,
  maxMessageSize: MAX_CONTROL_BYTES + ENCRYPTION_BYTES,
  // 0: a send is queued at once or fails; -1, the default, would leave its promise pending for ever.
  sendTimeout: 0,
  // Lets the last message out ("abort", "finished") without hanging the exit.
  linger: 500,
  handshakeInterval: HANDSHAKE_MS,
} as const;

export interface ControlServer {
  /** Where workers connect to. */
  readonly endpoint: string;
  /** Queues a frame for a worker; a failure goes to `onSendFailure`. */
  send(peer: string, frame: Uint8Array): void;
  close(): void;
}

export interface ControlClient {
  send(frame: Uint8Array): void;
  /** The server is gone: closing does not wait for what is queued, nor does ZeroMQ warn of it. */
  giveUp(): void;
  /** Resolves when ZeroMQ has let go of the socket. */
  close(): Promise<void>;
}

interface ServerHandlers {
  /** `frame` is null when the message had not exactly one part. */
  onFrame(peer: string, frame: Uint8Array | null): void;
  onSendFailure(peer: string, error: Error): void;
}

/** Binds `address` ("tcp://127.0.0.1:*", "ipc:///…") behind a gate, which the caller closes after it. Throws PORT_IN_USE when that can't be bound. */
export async function openControlServer(
  address: string,
  handlers: ServerHandlers,
  gate: Gate,
): Promise<ControlServer> {
  const ipv6 = isIPv6Endpoint(address);
  const router = new Router({ ...LIMITS, ...gate.options, mandatory: true, ipv6 });
  gate.watch(router);
  await bindOrExplain(router, address);
  const sendInOrder = serial();
  const receiving = receiveAll(router, ([peer, ...parts]) => {
    if (peer !== undefined) handlers.onFrame(peer.toString('latin1'), onlyPart(parts));
  });
  return {
    endpoint: router.lastEndpoint ?? address,
    send: (peer, frame) => {
      const parts = [Buffer.from(peer, 'latin1'), frame];
      sendInOrder(() => router.send(parts)).catch((thrown: unknown) => {
        handlers.onSendFailure(peer, thrown instanceof Error ? thrown : new Error(String(thrown)));
      });
    },
    close: () => closeQuietly(router, receiving),
  };
}

interface ClientHandlers {
  /** The connection was lost and is there again. */
  onReconnected(): void;
  onFrame(frame: Uint8Array | null): void;
  onSendFailure(error: Error): void;
}

/**
 * Connects as `identity`, under which the server knows this peer; with keys only to the coordinator that has
 * theirs. The connection is made in the background.
 */
export function openControlClient(
  endpoint: string,
  identity: string,
  handlers: ClientHandlers,
  keys: RunKeys | null,
): ControlClient {
  const dealer = new Dealer({
    ...LIMITS,
    ...clientOptions(keys, keys?.coordinatorKey ?? null),
    // Half an hour of heartbeats for a coordinator that is away.
    sendHighWaterMark: 4096,
    routingId: identity,
    ipv6: isIPv6Endpoint(endpoint),
    // ZeroMQ adds up to as much again by chance. Most connect to a process of their own host.
    reconnectInterval: 25,
  });
  const reconnects = new Reconnects();
  reconnects.watch(dealer, () => handlers.onReconnected());
  dealer.connect(endpoint);
  const sendInOrder = serial();
  const receiving = receiveAll(dealer, (parts) => handlers.onFrame(onlyPart(parts)));
  return {
    send: (frame) => {
      sendInOrder(() => dealer.send(frame)).catch((thrown: unknown) => {
        handlers.onSendFailure(thrown instanceof Error ? thrown : new Error(String(thrown)));
      });
    },
    giveUp: () => {
      dealer.linger = 0;
    },
    close: async () => {
      closeQuietly(dealer, receiving);
      await reconnects.ended();
    },
  };
}

/** Binds a socket, or says in one line why not. */
export async function bindOrExplain(socket: Router, address: string): Promise<void> {
  try {
    await socket.bind(address);
  } catch (thrown) {
    socket.close();
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new LockstepError(
      'PORT_IN_USE',
      `Cannot listen on ${address}: ${why}.`,
      'Choose a free port, or ":*" for any.',
      { cause: thrown },
    );
  }
}

/** Runs one task after the other: a ZeroMQ socket allows only one send at a time. */
export function serial(): (task: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (task) => {
    const run = last.then(task);
    last = run.catch(() => undefined);
    return run;
  };
}

async function receiveAll(
  socket: Router | Dealer,
  onParts: (parts: readonly Buffer[]) => void,
): Promise<void> {
  for await (const parts of socket) onParts(parts);
}

function onlyPart(parts: readonly Buffer[]): Uint8Array | null {
  return parts.length === 1 ? parts[0]! : null;
}

function closeQuietly(socket: Router | Dealer, receiving: Promise<void>): void {
  // Closing ends the receiving loop, at most with the error that says so.
  receiving.catch(() => undefined);
  socket.close();
}
