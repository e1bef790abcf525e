import { setTimeout } from 'node:timers/promises';
import type { Dealer } from 'zeromq';

/** How long closing waits for ZeroMQ. */
const CLOSE_MS = 1_000;

/**
 * Sees at sockets whether a connection that was lost is there again: ZeroMQ makes it anew by itself, but what was
 * under way is lost.
 */
export class Reconnects {
  readonly #watching = new Set<Promise<void>>();

  /** Calls back at each reconnection, until the socket is closed. */
  watch(socket: Dealer, onReconnected: () => void): void {
    // Ends with the socket, at most with the error that says so.
    const watching = watchOne(socket, onReconnected).catch(() => undefined);
    this.#watching.add(watching);
    void watching.then(() => this.#watching.delete(watching));
  }

  /**
   * After all sockets. Resolves when ZeroMQ has let go of them, or a second later: a process that ends while a
   * thread of it has sockets crashes.
   */
  async ended(): Promise<void> {
    const timer = new AbortController();
    const late = setTimeout(CLOSE_MS, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.#watching), late]);
    timer.abort();
  }
}

async function watchOne({ events }: Dealer, onReconnected: () => void): Promise<void> {
  let wasLost = false;
  for await (const { type } of events) {
    if (type === 'disconnect') wasLost = true;
    if (type === 'handshake' && wasLost) {
      wasLost = false;
      onReconnected();
    }
    if (type === 'end') return;
  }
}
