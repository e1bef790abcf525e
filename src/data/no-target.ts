/** What to do with a dataset that does not say what there is to learn. */
import { z } from 'zod';
import { LockstepError } from '../core/errors.ts';
import { commandLine } from '../core/program-name.ts';
import type { StoreManifest } from './format/store.ts';

const imported = z.object({
  command: z.tuple([z.literal('data'), z.literal('import')], z.string()),
});
const OVERWRITE = '--overwrite';
/** A column that was named and had no label. */
const REPLACED = /^--(overwrite|label(=.*)?)$/;

/**
 * Where the dataset knows the command that made it, the error names the one that makes it with classes.
 * @param what needs a target, such as `A study`
 * @throws LockstepError DATA_INVALID where no sequence has a target
 */
export function refuseWithoutTarget(
  what: string,
  path: string,
  { target, provenance }: Pick<StoreManifest, 'target' | 'provenance'>,
): void {
  if (target.kind !== 'none') return;
  const known = imported.safeParse(provenance);
  const words = known.success
    ? known.data.command.filter((word, i, all) => !REPLACED.test(word) && all[i - 1] !== '--label')
    : ['data', 'import', 'mine.csv', path];
  const command = commandLine(...words, '--label', 'COLUMN', OVERWRITE);
  throw new LockstepError(
    'DATA_INVALID',
    `${what} needs to know what to learn, but no sequence of the dataset "${path}" has a target.`,
    `Name the column of the classes: "${command}". Without any, "lockstep train" can pretrain a network: objective.kind contrastive needs no labels.`,
  );
}
