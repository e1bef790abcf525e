/** Sections that choose something by its name; what there is to choose from is registered elsewhere. */
import { z } from 'zod';

/** One that can be chosen, and the keys that come with it. */
export interface Alternative {
  readonly name: string;
  readonly options: z.ZodObject;
}

/** What a run's configuration can choose by name. */
export interface Registered {
  readonly models: readonly Alternative[];
  readonly objectives: readonly Alternative[];
  readonly optimizers: readonly Alternative[];
}

/** A section with the chosen name under `key`, the keys that each alternative has in common, and its own. */
export function choiceSection(
  key: string,
  choice: readonly Alternative[],
  common: Readonly<Record<string, z.ZodType>> = {},
): z.ZodType {
  const sections = choice.map(({ name, options }) => withKeys(options, key, name, common));
  return z.discriminatedUnion(key, sections as [z.ZodObject, ...z.ZodObject[]]);
}

/** The options with their own checks, other keys refused. */
function withKeys(
  options: z.ZodObject,
  key: string,
  name: string,
  common: Readonly<Record<string, z.ZodType>>,
): z.ZodObject {
  const shape = { [key]: z.literal(name), ...options.shape, ...common };
  return options.clone({ ...options._zod.def, shape, catchall: z.never() });
}
