/**
 * The hosts know one name and port, `tcp://h0:29400`, and have the secret from elsewhere. That host leads. One that takes
 * the run over says where it listens in a file beside the run's folder.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolders, removeFolders } from '../../core/make-folders.ts';
import { readTextSync } from '../../core/read-file.ts';
import { removeFileQuietly } from '../../core/remove-quietly.ts';
import { writeWhole } from '../../core/write-whole.ts';
import { isOwnHost, reachableAddresses } from '../address.ts';
import type { HostRendezvous, Invitation } from './host-rendezvous.ts';

const file = z.strictObject({
  format: z.literal('lockstep-moved-1'),
  addresses: z.array(z.string().min(1).max(256)).min(1),
  port: z.int().min(1).max(65_535),
});

/** @param folder where a host that takes the run over leaves its address */
export function tcpRendezvous(
  host: string,
  port: number,
  secret: Buffer,
  folder: string,
): HostRendezvous {
  const path = join(folder, 'moved.json');
  const find = (): Invitation => ({ ...(readMoved(path) ?? { addresses: [host], port }), secret });
  const follow = () => ({ role: 'follow', find }) as const;
  return {
    follow,
    meet: async (hostRank, { tell }) => {
      const isOwn = await isOwnHost(host);
      // The name of a pod is known only when it is there.
      if (isOwn === null) tell(`The name "${host}" has no address here, or not yet.`);
      const leads = hostRank === null ? isOwn === true : hostRank === 0;
      if (!leads) return follow();
      rmSync(path, { force: true });
      removeFolders([folder]);
      return { role: 'lead', secret, port, announce: () => {}, end: () => {} };
    },
    succeed: () => ({
      announce: (at) => {
        makeFolders(folder);
        const content = { format: 'lockstep-moved-1', addresses: reachableAddresses(), port: at };
        writeWhole(path, `${JSON.stringify(content)}\n`);
      },
      end: () => {
        removeFileQuietly(path);
        removeFolders([folder]);
      },
    }),
  };
}

/** Null where no other host has taken the run over. Who listens there must have the secret. */
function readMoved(path: string): Omit<Invitation, 'secret'> | null {
  if (!existsSync(path)) return null;
  try {
    return file.parse(JSON.parse(readTextSync(path)));
  } catch {
    // Not whole yet, or somebody else's: the host that was named is tried.
    return null;
  }
}
