/** The rendezvous that a text names: `tcp://h0:29400` or `folder:/shared/x`. */
import { isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import { splitHostAndPort, tcpEndpoint } from '../../protocol/endpoint.ts';
import { folderRendezvous } from './folder-rendezvous.ts';
import type { HostRendezvous } from './host-rendezvous.ts';
import { tcpRendezvous } from './tcp-rendezvous.ts';

/**
 * @param folder beside the run's, where hosts meet by default
 * @param secret of the run; null where none was given
 * @param start name of this start, where a scheduler gives one
 * @throws LockstepError USAGE, INSECURE for tcp without a secret
 */
export function openHostRendezvous(
  text: string,
  folder: string,
  secret: Buffer | null,
  start: string | null,
): HostRendezvous {
  const named = /^folder:(.+)$/.exec(text)?.[1];
  if (named !== undefined) {
    return folderRendezvous(resolve(named), start, resolve(named) === folder);
  }
  const { host, port } = splitHostAndPort(text);
  if (!text.startsWith('tcp://') || host === '' || !isPort(port)) throw unusable(text);
  if (secret !== null) return tcpRendezvous(host, port, secret, folder);
  throw new LockstepError(
    'INSECURE',
    `Cannot meet at ${text}: there is no key by which the hosts know each other.`,
    'Name a file with --key-file, or set LOCKSTEP_KEY, to the output of "openssl rand -hex 32": the same on all hosts.',
  );
}

const isPort = (port: number): boolean => port >= 1 && port <= 65_535;

function unusable(text: string): LockstepError {
  const bracketed = withBrackets(text);
  if (bracketed !== undefined) {
    const what = `Cannot use the rendezvous "${text}": an IPv6 address needs brackets before its port.`;
    return new LockstepError('USAGE', what, `Write ${bracketed}.`);
  }
  return new LockstepError(
    'USAGE',
    `Cannot use the rendezvous "${text}": it must be tcp://HOST:PORT or folder:PATH.`,
    'Name the host that leads and a free port of it, such as tcp://h0:29400, or a folder that all hosts see.',
  );
}

/** The right spelling of an IPv6 address without brackets; undefined for any other text. */
function withBrackets(text: string): string | undefined {
  const address = text.replace(/^tcp:\/\//, '');
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  if (isIPv6(host) && isPort(Number(port))) return tcpEndpoint(host, Number(port));
  return isIPv6(address) ? tcpEndpoint(address, 29_400) : undefined;
}
