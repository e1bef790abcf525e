/** Messages of workers for tests of what receives them. */
import type { WorkerBody, WorkerMessage } from '../../src/protocol/messages.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/messages.ts';

/** A message as it comes from the wire, of generation 1 unless said. */
export function fromWorker(body: WorkerBody, run = 'run#1', generation = 1): WorkerMessage {
  return { ...body, protocol: PROTOCOL_VERSION, run, generation } as WorkerMessage;
}

export function helloOf(
  slot: number,
  change: Partial<Extract<WorkerBody, { kind: 'hello' }>> = {},
) {
  const hashes = { configHash: 'c0', dataHash: 'd0', fingerprint: 'f0' };
  return fromWorker(
    {
      ...{ kind: 'hello', slot, pid: 100 + slot, dataEndpoint: `here-${slot}`, host: 'h' },
      ...hashes,
      ...change,
    },
    'run#1',
    0,
  );
}
