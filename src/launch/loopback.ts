/** Whether processes of this host reach each other over TCP: not where the loopback interface is down, or filtered. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { LockstepError } from '../core/errors.ts';

export const LOOPBACK = '127.0.0.1';
/** The kernel answers at once, unless it drops what is sent: so it does once the interface has been up. */
const ANSWER_MS = 5_000;

/**
 * @param purpose what cannot be done otherwise, as it follows "Cannot"
 * @param instead another thing to do than to bring the interface up, as it follows "or"
 * @throws LockstepError USAGE
 */
export async function requireLoopback(purpose: string, instead?: string): Promise<void> {
  const problem = await whyUnreachable();
  if (problem === undefined) return;
  const or = instead === undefined ? '' : `, or ${instead}`;
  throw new LockstepError(
    'USAGE',
    `Cannot ${purpose}: processes of this host do not reach each other at ${LOOPBACK} (${problem}).`,
    `Bring the loopback interface up (\`ip link set lo up\`), and let its traffic through${or}.`,
  );
}

/** Undefined where this process reaches itself. */
async function whyUnreachable(): Promise<string | undefined> {
  const server = createServer((socket) => socket.destroy()).listen(0, LOOPBACK);
  const signal = AbortSignal.timeout(ANSWER_MS);
  try {
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, LOOPBACK);
    await once(client, 'connect', { signal }).finally(() => client.destroy());
    return undefined;
  } catch (thrown) {
    if (signal.aborted) return `no answer within ${ANSWER_MS / 1000} s`;
    return (thrown as NodeJS.ErrnoException).code ?? String(thrown);
  } finally {
    server.close();
  }
}
