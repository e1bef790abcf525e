/** `--set a.b=c`: replaces one value of a configuration before it is validated. */
import { parse } from 'yaml';
import { didYouMean } from '../core/nearest-name.ts';

export interface Override {
  /** The option as written. */
  readonly text: string;
  readonly path: readonly (string | number)[];
}

/** An override that cannot apply; the message is a sentence about the option. */
export class OverrideError extends Error {}

/**
 * Sets the value that `text` ("phases.0.duration.steps=3", the value in YAML) names, in place; sections
 * that aren't there are made. An entry of a list goes by its position or by its `name`.
 * Throws OverrideError.
 */
export function applyOverride(root: unknown, text: string): Override {
  const split = text.indexOf('=');
  const names = text.slice(0, Math.max(split, 0)).split('.');
  if (names.some((name) => name === '')) {
    throw new OverrideError('it must look like key.path=value.');
  }
  const value = parseValue(text.slice(split + 1));
  const path: (string | number)[] = [];
  let at: unknown = root;
  names.forEach((name, index) => {
    const container = asContainer(at, path);
    const key = keyIn(container, name, path);
    path.push(key);
    if (index === names.length - 1) put(container, key, value);
    else if (!Object.hasOwn(container, key)) put(container, key, {});
    at = (container as Record<string | number, unknown>)[key];
  });
  return { text, path };
}

function parseValue(text: string): unknown {
  try {
    return parse(text);
  } catch (thrown) {
    const [reason] = String((thrown as Error).message).split(/ at line|\n/);
    throw new OverrideError(`its value is not valid YAML: ${reason}.`);
  }
}

function asContainer(at: unknown, path: readonly (string | number)[]): object {
  if (typeof at === 'object' && at !== null) return at;
  throw new OverrideError(`${path.join('.')} is ${JSON.stringify(at)}, which has no keys.`);
}

function keyIn(
  container: object,
  name: string,
  path: readonly (string | number)[],
): string | number {
  if (!Array.isArray(container)) return name;
  const index = /^\d+$/.test(name)
    ? Number(name)
    : container.findIndex((entry: unknown) => nameOf(entry) === name);
  if (index >= 0 && index < container.length) return index;
  const names = container.map(nameOf).filter((entry) => entry !== undefined);
  const known = names.length > 0 ? ` (${names.join(', ')})` : '';
  throw new OverrideError(
    `${path.join('.')} has no entry "${name}", it has ${container.length}${known}.${didYouMean(name, names)}`,
  );
}

function nameOf(entry: unknown): string | undefined {
  const name = typeof entry === 'object' && entry !== null && 'name' in entry && entry.name;
  return typeof name === 'string' ? name : undefined;
}

/** Defines an own property even for a name like `__proto__`, which validation then refuses. */
function put(container: object, key: string | number, value: unknown): void {
  Object.defineProperty(container, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}
