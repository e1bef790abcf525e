/** Parameters with a learning rate of their own. */
import type { ParameterGroup } from '../../config/phase-section.ts';
import { LockstepError } from '../../core/errors.ts';
import type { Slot } from '../../engine/engine.ts';
import type { ParameterDescription } from '../model/model.ts';

/**
 * The factor of each parameter's learning rate: that of the first group that has it, 1 in none.
 * @param trained the parameters of the model and of the phase's head
 * @throws LockstepError CONFIG_INVALID for a name with which no parameter begins, and where nothing is left to train
 */
export function groupRates(
  groups: readonly ParameterGroup[],
  trained: readonly ParameterDescription[],
): (slot: Pick<Slot, 'name'>) => number {
  const names = trained.map(({ name }) => name);
  for (const prefix of groups.flatMap(({ parameters }) => parameters)) {
    if (!names.some((name) => name.startsWith(prefix))) throw unknownPrefix(prefix, names);
  }
  const rateOf = ({ name }: Pick<Slot, 'name'>) =>
    groups.find(({ parameters }) => parameters.some((prefix) => name.startsWith(prefix)))?.rate ??
    1;
  if (names.some((name) => rateOf({ name }) > 0)) return rateOf;
  throw new LockstepError(
    'CONFIG_INVALID',
    'optimizer.groups gives all parameters the rate 0: the phase would change nothing.',
    'Leave a part of the network out of the groups, such as its head "decoder".',
  );
}

/** Names end in `.weight` or `.bias`: what comes before tells the layers. */
function unknownPrefix(prefix: string, names: readonly string[]): LockstepError {
  const layers = [...new Set(names.map((name) => name.replace(/\.[^.]*$/, '')))];
  return new LockstepError(
    'CONFIG_INVALID',
    `optimizer.groups names "${prefix}", but no parameter begins so; the layers are ${layers.join(', ')}.`,
    'Give the name of a layer, or how the names of several begin.',
  );
}
