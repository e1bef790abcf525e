/** How the coordinator names workers and their ends in its sentences: by slot, as their log files are. */
import { EXIT } from '../core/errors.ts';
import type { ExitStatus } from '../launch/launching.ts';
import type { Member } from './member.ts';

/** "worker 1 (pid 4711)", or "worker 1 (pid 4711 on h2)" in a run of several hosts. */
export function nameMember({ slot, pid, host }: Pick<Member, 'slot' | 'pid' | 'host'>): string {
  if (pid === null) return `worker ${slot}`;
  return host === null ? `worker ${slot} (pid ${pid})` : `worker ${slot} (pid ${pid} on ${host})`;
}

/** "worker 1", "workers 0, 2 and 3", "12 workers". */
export function nameMembers(slots: readonly number[]): string {
  if (slots.length === 1) return `worker ${slots[0]}`;
  if (slots.length > 8) return `${slots.length} workers`;
  return `workers ${slots.slice(0, -1).join(', ')} and ${slots.at(-1)}`;
}

/** "was killed by SIGKILL", "exited with code 1" or "could not be started". */
export function describeExit(status: ExitStatus): string {
  const { code, signal, lastLine, outOfMemory, hostLost } = status;
  if (hostLost !== undefined) return `was lost with its host, of which ${hostLost},`;
  if (outOfMemory === true) return 'was killed by the kernel, because the memory was used up,';
  if (code === null && signal === null) return 'could not be started';
  // By its code as well: the file may end with the line of a process before it.
  if (code === EXIT.workersLost && lastLine.startsWith('COORDINATOR_LOST:')) {
    return `exited with code ${code} because it no longer heard the coordinator`;
  }
  return signal === null ? `exited with code ${code}` : `was killed by ${signal}`;
}

/** What a silent worker's process did says where to look. */
export function describeSilence({ stateWhenKilled }: ExitStatus): string {
  if (stateWhenKilled === undefined) return '';
  return stateWhenKilled === 'stopped'
    ? ': its process was stopped'
    : ', though its process ran: its connection to the coordinator is broken, or its comm thread hangs';
}
