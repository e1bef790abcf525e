/** A host that leads leaves the run to the next one. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lease } from '../core/lease.ts';
import type { HostAgent } from './host-agent.ts';
import { nameHost, type RollEntry } from './roll.ts';

const LOOK_MS = 50;
/** The next host is told until it has taken the run's folder, and no longer than this. */
const HAND_OVER_MS = 5_000;

/** What a host that leads does with the run's folder: it sees whether another one has taken it, and leaves it to that. */
export type LedFolder = Pick<Lease, 'lost' | 'check' | 'leave'>;

/** Nothing here writes any more when the next host hears of it. */
export async function handOver(
  agent: HostAgent,
  folder: LedFolder,
  next: RollEntry,
): Promise<void> {
  await agent.workers.end();
  agent.options.tell(`Leaves the run to ${nameHost(next)}.`);
  const startedMs = performance.now();
  while (!folder.lost.aborted && performance.now() - startedMs < HAND_OVER_MS) {
    agent.decide({ kind: 'resign', next: next.hostRank });
    await sleep(LOOK_MS);
    await folder.check();
  }
  folder.leave();
}
