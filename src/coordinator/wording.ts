/** How the coordinator names workers and their ends in its sentences: by slot, as their log files are. */
import type { ExitStatus, Member } from './member.ts';

/** "worker 1 (pid 4711)". */
export function nameMember({ slot, pid }: Pick<Member, 'slot' | 'pid'>): string {
  return pid === null ? `worker ${slot}` : `worker ${slot} (pid ${pid})`;
}

/** "worker 1", "workers 0, 2 and 3", "12 workers". */
export function nameMembers(slots: readonly number[]): string {
  if (slots.length === 1) return `worker ${slots[0]}`;
  if (slots.length > 8) return `${slots.length} workers`;
  return `workers ${slots.slice(0, -1).join(', ')} and ${slots.at(-1)}`;
}

/** "was killed by SIGKILL" or "exited with code 1". */
export function describeExit({ code, signal }: ExitStatus): string {
  return signal === null ? `exited with code ${code ?? 'unknown'}` : `was killed by ${signal}`;
}
