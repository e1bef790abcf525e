/** How values enter a network whose configuration can choose. */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import type { DataFacts } from '../../data/facts.ts';
import { type ModelInput, numberInput, symbolInput } from './input.ts';
import type { Model } from './model.ts';

/** `embedding` gives each integer symbol a vector, `value` feeds the number itself; `auto` follows the data. */
export const inputOption = z.enum(['auto', 'embedding', 'value']).default('auto');

/**
 * The input that `model.input` asks for.
 * @throws LockstepError CONFIG_INVALID when real values are to be embedded
 */
export function chosenInput(
  {
    input,
    maskValue,
  }: { readonly input: z.output<typeof inputOption>; readonly maskValue?: number },
  facts: DataFacts,
): Required<Pick<Model, 'reads'>> & { readonly input: ModelInput } {
  const isReal = facts.symbols === 0;
  if (isReal && input === 'embedding') {
    throw new LockstepError(
      'CONFIG_INVALID',
      'model.input is "embedding", but the dataset holds real values: only integers have an embedding.',
      'Set model.input to "value".',
    );
  }
  const embeds = input === 'embedding' || (input === 'auto' && !isReal);
  return embeds
    ? { input: symbolInput(facts), reads: 'symbols' }
    : {
        input: numberInput(facts, maskValue === undefined ? {} : { maskValue }),
        reads: 'numbers',
      };
}
