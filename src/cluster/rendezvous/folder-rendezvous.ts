/**
 * The hosts see one folder. The leader writes a file there, which only its user can read: where it listens and the
 * secret, made for this start.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { asLockstepError, LockstepError } from '../../core/errors.ts';
import { withWriteErrors } from '../../core/file-error.ts';
import { leaseFolder, type OutwaitHooks, outwait, seizeFolder } from '../../core/lease.ts';
import { readText } from '../../core/lock-file.ts';
import { makeFolders, removeFolders } from '../../core/make-folders.ts';
import { removeFileQuietly } from '../../core/remove-quietly.ts';
import { seenLock } from '../../core/renewed-lock.ts';
import { systemErrorCode } from '../../core/system-error.ts';
import { writeWhole } from '../../core/write-whole.ts';
import { parseSecret, SECRET_BYTES } from '../../protocol/host-keys.ts';
import { readPrivateFile } from '../../protocol/private-file.ts';
import { reachableAddresses } from '../address.ts';
import { reachAny } from '../find-leader.ts';
import type { HostRendezvous, Invitation, Meeting } from './host-rendezvous.ts';

const file = z.strictObject({
  format: z.literal('lockstep-hosts-1'),
  addresses: z.array(z.string().min(1).max(256)).min(1),
  port: z.int().min(1).max(65_535),
  secret: z.string(),
});
const LIMIT = 1 << 16;

/**
 * @param start name of this start where a scheduler gives one: files of other starts are not looked at; null: the
 *   first host that comes leads
 * @param isOurs whether only hosts of this run meet in the folder: others may be where this host can't reach them
 */
export function folderRendezvous(
  folder: string,
  start: string | null,
  isOurs = false,
): HostRendezvous {
  const path = join(folder, start === null ? 'hosts.json' : `hosts-${nameOf(start)}.json`);
  const follow = () => ({ role: 'follow', find: () => readInvitation(path) }) as const;
  return {
    follow,
    meet: async (hostRank, hooks): Promise<Meeting> => {
      if (hostRank !== null && hostRank > 0) return follow();
      const added = withWriteErrors(folder, () => makeFolders(folder));
      const made = isOurs && added.length === 0 ? [folder] : added;
      if (isOurs) await removeDead(folder);
      const lock = hostRank === null ? await lockUnlessTaken(folder, hooks) : null;
      if (hostRank === null && lock === null) return follow();
      const secret = randomBytes(SECRET_BYTES);
      const invitation = invitationAt(path, secret, { made, lock });
      try {
        rmSync(path, { force: true });
      } catch (thrown) {
        invitation.end();
        throw thrown;
      }
      return { role: 'lead', secret, port: null, ...invitation };
    },
    succeed: (secret) => {
      let invitation: ReturnType<typeof invitationAt> | undefined;
      const take = () => {
        makeFolders(folder);
        const before = seenLock(folder);
        const lock = before === undefined ? null : seizeFolder(folder, before);
        return invitationAt(path, secret, { made: [folder], lock });
      };
      return {
        announce: (port) => {
          invitation ??= withWriteErrors(folder, take);
          invitation.announce(port);
        },
        end: () => invitation?.end(),
      };
    },
  };
}

/** A file that tells where this host listens, until it is taken away or another host has written its own. */
function invitationAt(
  path: string,
  secret: Buffer,
  { made, lock }: { readonly made: readonly string[]; readonly lock: { release(): void } | null },
): Pick<Extract<Meeting, { role: 'lead' }>, 'announce' | 'end'> {
  let written = '';
  return {
    announce: (port) => {
      written = writeInvitation(path, { addresses: reachableAddresses(), port, secret });
    },
    end: () => {
      if (readText(path) === written) removeFileQuietly(path);
      lock?.release();
      removeFolders(made);
    },
  };
}

const NAME_OF_START = /^hosts-[0-9a-f]{16}\.json$/;
const nameOf = (start: string): string =>
  createHash('sha256').update(start).digest('hex').slice(0, 16);

/** Null when another process leads. */
async function lockUnlessTaken(
  folder: string,
  hooks: OutwaitHooks,
): Promise<{ release(): void } | null> {
  await outwait(folder, hooks);
  try {
    return withWriteErrors(folder, () => leaseFolder(folder));
  } catch (thrown) {
    if (thrown instanceof LockstepError && thrown.code === 'RUN_LOCKED') return null;
    throw thrown;
  }
}

/** Nobody takes away the file of a start of which all hosts were killed. Where a leader lives, it listens. */
async function removeDead(folder: string): Promise<void> {
  const names = namesIn(folder).filter((name) => NAME_OF_START.test(name));
  await Promise.all(names.map((name) => removeUnlessHeard(join(folder, name))));
}

async function removeUnlessHeard(path: string): Promise<void> {
  const invitation = invitationUnlessOdd(path);
  if (invitation !== null && (await reachAny(invitation)) === null) removeFileQuietly(path);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
    // Writing there says what is wrong.
    return [];
  }
}

/** Null, too, for what Lockstep did not leave so: it stays. */
function invitationUnlessOdd(path: string): Invitation | null {
  try {
    return readInvitation(path);
  } catch (thrown) {
    if (asLockstepError(thrown).code === 'UNEXPECTED') throw thrown;
    return null;
  }
}

function writeInvitation(path: string, { addresses, port, secret }: Invitation): string {
  const content = { format: 'lockstep-hosts-1', addresses, port, secret: secret.toString('hex') };
  const text = `${JSON.stringify(content)}\n`;
  writeWhole(path, text, 0o600);
  return text;
}

/** @throws LockstepError INSECURE for a file that others could have written or read, USAGE for one that can't be read */
function readInvitation(path: string): Invitation | null {
  const text = existsSync(path) ? readSecretText(path) : null;
  if (text === null) return null;
  const parsed = file.safeParse(parseJson(text));
  const secret = parsed.success ? parseSecret(parsed.data.secret) : undefined;
  // Not whole yet, or none: the leader of this start writes it anew.
  return parsed.success && secret !== undefined ? { ...parsed.data, secret } : null;
}

/** What opening a file says that the leader is just replacing, on a disk of several hosts. */
const REPLACED: readonly (string | undefined)[] = ['ENOENT', 'ESTALE'];

/** Null for a file that the leader is just replacing. */
function readSecretText(path: string): string | null {
  const advice = 'Remove the file and start all hosts again.';
  const wanted = { path, what: 'file of the hosts', limit: LIMIT };
  try {
    return readPrivateFile({ ...wanted, whenUnreadable: advice, whenUnusable: advice });
  } catch (thrown) {
    // Any other failure lasts: whoever waited would be told that no leader has come.
    const cause = thrown instanceof LockstepError ? thrown.cause : undefined;
    if (REPLACED.includes(systemErrorCode(cause))) return null;
    throw thrown;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
