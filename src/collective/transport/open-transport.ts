/** Which transport serves an address. */
import { sharedMemoryTransport } from './shared-memory-transport.ts';
import type { Transport } from './transport.ts';
import { type ZeromqOptions, zeromqTransport } from './zeromq-transport.ts';

/** Peers at Unix sockets are on this host, so that they can share memory; others are reached by tcp. */
export function openTransport(options: ZeromqOptions): Transport {
  const zeromq = zeromqTransport(options);
  return options.address.startsWith('ipc://') ? sharedMemoryTransport(zeromq) : zeromq;
}
