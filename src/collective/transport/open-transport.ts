/** Which transport serves an address. */
import { sharedMemoryTransport } from './shared-memory-transport.ts';
import type { Transport } from './transport.ts';
import { zeromqTransport } from './zeromq-transport.ts';

/** Peers at Unix sockets are on this host, so that they can share memory; others are reached by tcp. */
export function openTransport(address: string): Transport {
  const zeromq = zeromqTransport(address);
  return address.startsWith('ipc://') ? sharedMemoryTransport(zeromq) : zeromq;
}
