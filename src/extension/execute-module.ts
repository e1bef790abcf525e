/** Executes a module of the user's own, and says of its errors where in the user's files they are. */
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LockstepError } from '../core/errors.ts';
import { extensionInvalid } from './extension-invalid.ts';
import { type LoadingGuard, NO_GUARD } from './loading-guard.ts';
import { installModuleHooks } from './module-hooks.ts';
import { type SourceGraph, stripTypes } from './source-graph.ts';

/** `.ts` in a clone, `.js` in the build. */
const ENDING = extname(import.meta.url);
/** The part of the library that a worker needs; the whole of it would load coordinator and commands, too. */
const LIBRARY = new URL(`./library${ENDING}`, import.meta.url);
const HOOKS = new URL(`./hooks-thread${ENDING}`, import.meta.url);

/** What this process or thread has executed, by path, and what became of it. */
const executed = new Map<string, { sha256: string; module: Promise<object> }>();

/**
 * The exports of a module, which is executed once in each process or thread.
 * @throws LockstepError EXTENSION_INVALID when it throws, or when it was another one before
 */
export async function executeModule(
  graph: SourceGraph,
  guard: LoadingGuard = NO_GUARD,
): Promise<object> {
  const { path, sha256 } = graph;
  const before = executed.get(path);
  if (before !== undefined && before.sha256 !== sha256) {
    const advice = 'Start the program anew: a module is executed once in a process.';
    throw extensionInvalid(path, 'it has changed since this process loaded it', advice);
  }
  if (before !== undefined) return await before.module;
  const release = guard(path);
  try {
    installModuleHooks({ ...graph, library: LIBRARY.href }, HOOKS);
    const module = execute(graph);
    executed.set(path, { sha256, module });
    return await module;
  } finally {
    release();
  }
}

async function execute(graph: SourceGraph): Promise<object> {
  try {
    return (await import(pathToFileURL(graph.path).href)) as object;
  } catch (thrown) {
    throw thrown instanceof LockstepError ? withPlace(graph, thrown) : failed(graph, thrown);
  }
}

/** A definition that Lockstep refuses, with the user's own line. */
function withPlace(graph: SourceGraph, error: LockstepError): LockstepError {
  const place = placeOf(graph, error);
  if (error.code !== 'EXTENSION_INVALID' || place === undefined) return error;
  return new LockstepError(error.code, `${place}: ${error.message}`, error.advice, {
    cause: error,
  });
}

function failed(graph: SourceGraph, thrown: unknown): LockstepError {
  if (thrown instanceof SyntaxError) refuseSyntax(graph);
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  const missing = /does not provide an export named '(.*)'/.exec(what)?.[1];
  const advice =
    missing === undefined
      ? 'Correct it: it is your own file that threw.'
      : `Correct the name; if "${missing}" is a type, import it with \`import type\`.`;
  const place = placeOf(graph, thrown) ?? graph.path;
  return extensionInvalid(place, what, advice, thrown);
}

/** V8 does not say where in a module its error is; the compiler does. */
function refuseSyntax({ sources }: SourceGraph): void {
  for (const [url, code] of Object.entries(sources)) stripTypes(fileURLToPath(url), code);
}

/** `file:line:column` of the innermost frame in one of the extension's own files. */
function placeOf({ sources }: SourceGraph, thrown: unknown): string | undefined {
  const lines = thrown instanceof Error ? (thrown.stack ?? '').split('\n') : [];
  for (const line of lines) {
    const [, url, position] = /(file:\S+?):(\d+:\d+)\)?$/.exec(line) ?? [];
    if (url !== undefined && Object.hasOwn(sources, url))
      return `${fileURLToPath(url)}:${position}`;
  }
  return undefined;
}
