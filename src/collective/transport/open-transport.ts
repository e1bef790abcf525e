/** Chooses the transport for an address. */
import { isOnOneHost } from './host-memory.ts';
import { sharedMemoryTransport } from './shared-memory-transport.ts';
import type { Transport } from './transport.ts';
import { type ZeromqOptions, zeromqTransport } from './zeromq-transport.ts';

/** Unix sockets: peers are on this host, so they share memory. Otherwise tcp. */
export function openTransport(options: ZeromqOptions): Transport {
  const zeromq = zeromqTransport(options);
  return isOnOneHost(options.address) ? sharedMemoryTransport(zeromq) : zeromq;
}
