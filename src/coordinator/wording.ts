/** How the coordinator names workers and their ends in its sentences. */
import type { ExitStatus, Member } from './member.ts';

/** "rank 1 (pid 4711)". */
export function nameMember({ slot, pid }: Pick<Member, 'slot' | 'pid'>): string {
  return pid === null ? `rank ${slot}` : `rank ${slot} (pid ${pid})`;
}

/** "was killed by SIGKILL" or "exited with code 1". */
export function describeExit({ code, signal }: ExitStatus): string {
  return signal === null ? `exited with code ${code ?? 'unknown'}` : `was killed by ${signal}`;
}
