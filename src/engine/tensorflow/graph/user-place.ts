/** Finds the line of the user's own files that led to an operation. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Frame {
  readonly path: string;
  readonly line: number;
}

/** Deep enough to reach a model below tfjs's own frames. */
const DEPTH = 100;
/** This package's code as stacks name it, which source maps may move. */
const OWN = `${ancestor(framesOf(new Error())[0]!.path, 4)}/`;

/**
 * Runs `f` so that errors made within it know the whole way to them.
 * @returns what `f` returns
 */
export function withDeepStacks<T>(f: () => T): T {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = DEPTH;
  try {
    return f();
  } finally {
    Error.stackTraceLimit = before;
  }
}

/**
 * `file:line` of the innermost frame that is neither this package's nor in node_modules.
 * @param origin an error that was made where the operation was executed
 */
export function userPlaceOf(origin: Error): string | undefined {
  const frame = framesOf(origin).find(({ path }) => isUsers(path));
  return frame && `${frame.path}:${frame.line}`;
}

/** Source maps of packages name files that are not there. */
function isUsers(path: string): boolean {
  return !path.startsWith(OWN) && !path.includes('/node_modules/') && existsSync(path);
}

function framesOf({ stack = '' }: Error): Frame[] {
  return stack.split('\n').flatMap((text) => {
    const [, url, line] = /((?:file:\/\/)?\/[^()]*?):(\d+):\d+\)?$/.exec(text) ?? [];
    if (url === undefined) return [];
    return [{ path: url.startsWith('file:') ? fileURLToPath(url) : url, line: Number(line) }];
  });
}

function ancestor(path: string, levels: number): string {
  return levels === 0 ? path : ancestor(dirname(path), levels - 1);
}
