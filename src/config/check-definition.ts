/** Checks the arguments of `defineModel`, `defineImporter` and the like: an extension may be JavaScript, without types. */
import { z } from 'zod';
import { LockstepError } from '../core/errors.ts';

/**
 * Checks one definition.
 * @param call name of the called function, for errors
 * @param key the key with the definition's name
 * @param functions keys that must hold functions
 * @throws LockstepError EXTENSION_INVALID
 */
export function checkDefinition(
  call: string,
  key: 'family' | 'kind',
  definition: object,
  functions: readonly string[],
): void {
  const given = definition as Readonly<Record<string, unknown>>;
  const name = given[key];
  if (typeof name !== 'string' || !/^[A-Za-z][A-Za-z0-9_-]*$/.test(name)) {
    throw invalid(
      `${call}() was given the ${key} ${JSON.stringify(name)}.`,
      `Give it a ${key} of letters, digits, "-" and "_" that begins with a letter.`,
    );
  }
  const what = `${call}() of "${name}"`;
  const absent = functions.find((wanted) => typeof given[wanted] !== 'function');
  if (absent !== undefined) {
    throw invalid(`${what} has no function "${absent}".`, `Give it ${functions.join(' and ')}.`);
  }
  refuseOptions(what, given.options);
}

/** Refuses options whose values would not survive YAML, since a run writes its configuration and reads it back. */
function refuseOptions(what: string, options: unknown): void {
  if (!isZodObject(options)) {
    const advice = 'Make them with z.strictObject({ … }), even if there are none.';
    throw invalid(`${what} has options that are no zod object.`, advice);
  }
  try {
    z.toJSONSchema(options, { io: 'output' });
  } catch (thrown) {
    throw invalid(
      `${what} has options that a YAML file can't hold: ${(thrown as Error).message}.`,
      'Use numbers, texts, true and false, lists and sections of them, and no transforms.',
      thrown,
    );
  }
}

/** Decides by the shape, since an extension may use another copy of zod. */
function isZodObject(value: unknown): value is z.ZodObject {
  const internals =
    typeof value === 'object' && value !== null && '_zod' in value
      ? (value as z.ZodObject)._zod
      : undefined;
  return internals?.def?.type === 'object';
}

function invalid(message: string, advice: string, cause?: unknown): LockstepError {
  return new LockstepError('EXTENSION_INVALID', message, advice, { cause });
}
