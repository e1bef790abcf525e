/** How Node finds and reads the modules of an extension: from a table, not from the disk. */
import module from 'node:module';

/** What the hooks answer from; plain, since Node 20 runs them in a thread of its own. */
export interface ModuleTable {
  readonly sources: Readonly<Record<string, string>>;
  readonly resolutions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** URL of the library: what `lockstep` means in an extension, wherever that lies. */
  readonly library: string;
}

interface Resolved {
  readonly url: string;
  readonly format?: string | undefined;
  readonly shortCircuit?: boolean;
}

interface Loaded {
  readonly format: string;
  readonly source?: unknown;
  readonly shortCircuit?: boolean;
}

interface ResolveContext {
  readonly parentURL?: string | undefined;
}

/** Both kinds of hooks that Node has: the next one's answer is a promise, or it is not. */
export interface ModuleHooks {
  resolve<Answer>(
    specifier: string,
    context: ResolveContext,
    next: (specifier: string, context: ResolveContext) => Answer,
  ): Answer | Resolved;
  load<Context, Answer>(
    url: string,
    context: Context,
    next: (url: string, context: Context) => Answer,
  ): Answer | Loaded;
}

const LIBRARY_NAME = 'lockstep';

export function moduleHooks({ sources, resolutions, library }: ModuleTable): ModuleHooks {
  const urlOf = (specifier: string, { parentURL = '' }: ResolveContext): string | undefined => {
    if (Object.hasOwn(sources, specifier)) return specifier;
    if (!Object.hasOwn(resolutions, parentURL)) return undefined;
    return specifier === LIBRARY_NAME ? library : resolutions[parentURL]![specifier];
  };
  return {
    resolve: (specifier, context, next) => {
      const url = urlOf(specifier, context);
      if (url === undefined) return next(specifier, context);
      // Whatever the package.json around the file says: an extension is an ES module.
      return Object.hasOwn(sources, url)
        ? { url, format: 'module', shortCircuit: true }
        : next(url, context);
    },
    load: (url, context, next) =>
      Object.hasOwn(sources, url)
        ? { format: 'module', source: sources[url], shortCircuit: true }
        : next(url, context),
  };
}

/** For this thread, and for good. @param program the module that Node 20 runs in its thread of hooks */
export function installModuleHooks(table: ModuleTable, program: URL): void {
  // Node 22.15 and later; the other way is deprecated there.
  const { registerHooks } = module as typeof module & {
    readonly registerHooks?: (hooks: ModuleHooks) => void;
  };
  if (registerHooks === undefined) module.register(program, { data: table });
  else registerHooks(moduleHooks(table));
}
