/** The transport of a worker process. */
import { sharedMemoryTransport } from './shared-memory-transport.ts';
import type { Transport } from './transport.ts';
import { type ZeromqOptions, zeromqTransport } from './zeromq-transport.ts';

/** Shares memory with the peers on this host, and reaches all others over the network. */
export function openTransport(options: ZeromqOptions, host: string): Transport {
  return sharedMemoryTransport(zeromqTransport(options), host);
}
