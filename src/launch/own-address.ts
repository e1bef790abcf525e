/** Whether processes of this host reach each other over TCP: not where the loopback interface is down, or filtered. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { LockstepError } from '../core/errors.ts';

/** The kernel answers at once, unless it drops what is sent: so it does once the interface has been up. */
const ANSWER_MS = 5_000;
/** What brings it back. */
export const LOOPBACK_UP =
  'Bring the loopback interface up (`ip link set lo up`), and let its traffic through';

/**
 * @param address of this host
 * @param purpose what cannot be done otherwise, as it follows "Cannot"
 * @param advice what to do then
 * @throws LockstepError USAGE
 */
export async function requireOwnAddress(
  address: string,
  purpose: string,
  advice: string,
): Promise<void> {
  const problem = await whyUnreachable(address);
  if (problem === undefined) return;
  const text = `Cannot ${purpose}: processes of this host do not reach each other at ${address} (${problem}).`;
  throw new LockstepError('USAGE', text, advice);
}

/** Undefined for an address at which this process reaches itself. */
async function whyUnreachable(address: string): Promise<string | undefined> {
  const server = createServer((socket) => socket.destroy()).listen(0, address);
  const signal = AbortSignal.timeout(ANSWER_MS);
  try {
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, address);
    await once(client, 'connect', { signal }).finally(() => client.destroy());
    return undefined;
  } catch (thrown) {
    if (signal.aborted) return `no answer within ${ANSWER_MS / 1000} s`;
    return (thrown as NodeJS.ErrnoException).code ?? String(thrown);
  } finally {
    server.close();
  }
}
