/** A host that has taken a run over goes on with it whether or not it can say where it is: only hosts that come back ask. */
import { asLockstepError } from '../../core/errors.ts';
import type { Meeting } from './host-rendezvous.ts';

const RETRY_MS = 2_000;

/**
 * Announces, again and again until the disk takes it.
 * @param warn told once if it does not at first
 * @returns what ends the attempts
 */
export function announceAnyway(
  { announce }: Pick<Extract<Meeting, { role: 'lead' }>, 'announce'>,
  port: number,
  warn: (text: string) => void,
  retryMs = RETRY_MS,
): () => void {
  let hasWarned = false;
  const attempt = (): void => {
    try {
      announce(port);
      clearInterval(timer);
    } catch (thrown) {
      const { message } = asLockstepError(thrown);
      if (!hasWarned) warn(`Hosts that come back do not find this one yet: ${message}`);
      hasWarned = true;
    }
  };
  const timer = setInterval(attempt, retryMs);
  attempt();
  return () => clearInterval(timer);
}
