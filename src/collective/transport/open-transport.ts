/** Which transport serves an address. */
import { isOnOneHost } from './host-memory.ts';
import { sharedMemoryTransport } from './shared-memory-transport.ts';
import type { Transport } from './transport.ts';
import { type ZeromqOptions, zeromqTransport } from './zeromq-transport.ts';

/** Peers at Unix sockets are on this host, so that they can share memory; others are reached by tcp. */
export function openTransport(options: ZeromqOptions): Transport {
  const zeromq = zeromqTransport(options);
  return isOnOneHost(options.address) ? sharedMemoryTransport(zeromq) : zeromq;
}
