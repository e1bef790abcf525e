/** What one source file imports, read from its text (formatted by biome: statements start a line). */

export interface Import {
  /** As written: a package, `node:…`, or a relative path. */
  readonly specifier: string;
  /** Erased when the program runs. */
  readonly typeOnly: boolean;
}

const STATEMENT =
  /^(?:import|export)\s+(type\s+)?(\*(?:\s+as\s+\w+)?|[\w$]+(?:\s*,\s*\{[^}]*\})?|\{[^}]*\})\s+from\s+['"]([^'"]+)['"]/gm;
const BARE = /^import\s+['"]([^'"]+)['"]/gm;
const DYNAMIC = /^(?!\s*(?:\*|\/\/|\/\*)).*?(?<![\w.'"`])(?:import|require)\(\s*['"]([^'"]+)['"]/gm;

/** Static, re-exporting, bare and dynamic imports of a file, in that order. */
export function importsOf(source: string): Import[] {
  const statements = [...source.matchAll(STATEMENT)].map(
    ([, type, names = '', specifier = '']) => ({
      specifier,
      typeOnly: type !== undefined || namesOnlyTypes(names),
    }),
  );
  const others = [...source.matchAll(BARE), ...source.matchAll(DYNAMIC)].map(
    ([, specifier = '']) => ({ specifier, typeOnly: false }),
  );
  return [...statements, ...others];
}

function namesOnlyTypes(names: string): boolean {
  if (!names.startsWith('{')) return false;
  const list = names
    .slice(1, -1)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return list.length > 0 && list.every((name) => name.startsWith('type '));
}
