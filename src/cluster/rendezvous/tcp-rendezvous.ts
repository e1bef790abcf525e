/** The hosts know one name and port, `tcp://h0:29400`, and have the secret from elsewhere. That host leads. */
import { isOwnHost } from '../address.ts';
import type { HostRendezvous } from './host-rendezvous.ts';

export function tcpRendezvous(host: string, port: number, secret: Buffer): HostRendezvous {
  return {
    meet: async (hostRank) => {
      const leads = hostRank === null ? await isOwnHost(host) : hostRank === 0;
      if (!leads) return { role: 'follow', find: () => ({ addresses: [host], port, secret }) };
      return { role: 'lead', secret, port, announce: () => {}, end: () => {} };
    },
  };
}
