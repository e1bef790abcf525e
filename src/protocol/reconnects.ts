import type { Dealer } from 'zeromq';

/**
 * Calls back whenever a connection of `socket` that was lost is there again: ZeroMQ makes it anew by itself, but
 * what was under way is lost. Resolves when the socket is closed.
 */
export async function watchReconnects(
  { events }: Dealer,
  onReconnected: () => void,
): Promise<void> {
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
