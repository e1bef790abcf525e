/** Addresses of this host, and of those that it can reach: IPv4 before IPv6, so that all hosts choose alike. */
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { networkInterfaces } from 'node:os';

const REACH_MS = 2_000;

/** Of all interfaces, the loopback one included. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((one) => one ?? [])
    .filter(({ address }) => !isLinkLocal(address))
    .sort((a, b) => a.family.localeCompare(b.family))
    .map(({ address }) => address);
}

export const isLoopback = (address: string): boolean =>
  address.startsWith('127.') || address === '::1';

/** Such an address says nothing without the interface (RFC 4291, section 2.5.6). */
const isLinkLocal = (address: string): boolean => /^fe[89ab]/.test(address);

/** Where other hosts may reach this one; its loopback addresses where it has no others. */
export function reachableAddresses(): string[] {
  const all = ownAddresses();
  const outer = all.filter((address) => !isLoopback(address));
  return outer.length > 0 ? outer : all;
}

/** Where to listen on all of them: of both families where this host has an IPv6 address. */
export const anyAddress = (): string => (reachableAddresses().some(net.isIPv6) ? '::' : '0.0.0.0');

/**
 * Whether a name or address is this host's: Debian gives a host's own name an address of 127.0.0.0/8. Null for a name that
 * nobody knows here, or not yet.
 */
export async function isOwnHost(name: string): Promise<boolean | null> {
  const own = ownAddresses();
  const found = await addressesOf(name);
  return found.length === 0
    ? null
    : found.some((address) => isLoopback(address) || own.includes(address));
}

/** None for a name that nobody knows. */
async function addressesOf(name: string): Promise<string[]> {
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

export interface Reached {
  /** This host's address on the way there. */
  readonly local: string;
  readonly remote: string;
}

/** Whether something listens there; null if not. */
export async function reach(host: string, port: number): Promise<Reached | null> {
  return await new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const end = (reached: Reached | null): void => {
      socket.destroy();
      resolve(reached);
    };
    socket.setTimeout(REACH_MS, () => end(null));
    socket.once('error', () => end(null));
    socket.once('connect', () => {
      const { localAddress: local, remoteAddress: remote } = socket;
      end(local === undefined || remote === undefined ? null : { local, remote });
    });
  });
}
