/**
 * Reads an extension before any of it is executed: the module, the files that it imports by relative paths,
 * and the hash of them all. What is hashed here is what is executed later.
 */
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { transformSync } from '@swc/wasm-typescript';
import { type Import, init, parse } from 'es-module-lexer';
import { LockstepError } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import { readBytesSync } from '../core/read-file.ts';
import { systemErrorCode, systemProblem } from '../core/system-error.ts';

export interface SourceGraph {
  /** Absolute path of the module itself, without symbolic links. */
  readonly path: string;
  /**
   * SHA-256 of the module; where it imports other files, of the lines that `sha256sum` prints for all of them,
   * the module first, with paths relative to its folder.
   */
  readonly sha256: string;
  /** JavaScript of each module by its URL, lines and columns as in the user's file. */
  readonly sources: Readonly<Record<string, string>>;
  /** URL of each relative import: by the importing module's URL, then by the specifier. */
  readonly resolutions: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const MODULE = /\.m?[jt]s$/;
const TYPESCRIPT = /\.m?ts$/;

/**
 * @throws LockstepError EXTENSION_INVALID for a file that is absent or no ES module, for a syntax error
 *   (file:line:column) and for a relative import of a file that is absent
 */
export async function readSourceGraph(path: string): Promise<SourceGraph> {
  await init;
  const reader = new GraphReader(realPathOf(path));
  return reader.graph();
}

class GraphReader {
  readonly #entry: string;
  readonly #hashes = new Map<string, string>();
  readonly #sources: Record<string, string> = {};
  readonly #resolutions: Record<string, Record<string, string>> = {};

  constructor(entry: string) {
    if (!MODULE.test(entry)) throw noModule(entry);
    this.#entry = entry;
    this.#read(entry);
  }

  graph(): SourceGraph {
    const [first] = this.#hashes.values();
    const hash = this.#hashes.size === 1 ? first! : sha256(this.#listing());
    return {
      path: this.#entry,
      sha256: hash,
      sources: this.#sources,
      resolutions: this.#resolutions,
    };
  }

  #listing(): string {
    const [first, ...others] = [...this.#hashes].map(([path, hash]) => {
      const name = relative(dirname(this.#entry), path).replaceAll('\\', '/');
      return `${hash}  ${name}\n`;
    });
    return [first, ...others.sort()].join('');
  }

  /** What is no module, such as JSON, is hashed and left to Node. */
  #read(path: string): void {
    if (this.#hashes.has(path)) return;
    const text = readBytesSync(path);
    this.#hashes.set(path, sha256(text));
    if (!MODULE.test(path)) return;
    const url = pathToFileURL(path).href;
    const code = javaScriptOf(path, text.toString('utf8'));
    this.#sources[url] = code;
    this.#resolutions[url] = {};
    for (const specifier of relativeImports(path, code)) {
      const target = resolveImport(path, specifier);
      this.#resolutions[url][specifier] = pathToFileURL(target).href;
      this.#read(target);
    }
  }
}

/** Types become blanks. */
function javaScriptOf(path: string, text: string): string {
  return TYPESCRIPT.test(path) ? stripTypes(path, text) : text;
}

/**
 * The text without its types, each of their characters a blank. Plain JavaScript passes through, too.
 * @throws LockstepError EXTENSION_INVALID naming file, line and column of a syntax error
 */
export function stripTypes(path: string, text: string): string {
  const compiler = createRequire(import.meta.url)('@swc/wasm-typescript') as {
    readonly transformSync: typeof transformSync;
  };
  try {
    return compiler.transformSync(text, { mode: 'strip-only', filename: path }).code;
  } catch (thrown) {
    const { message, startLine, startColumn } = thrown as Partial<CompilerError>;
    if (startLine === undefined || startColumn === undefined) throw thrown;
    throw new LockstepError(
      'EXTENSION_INVALID',
      `Cannot load the extension ${path}:${startLine}:${startColumn + 1}: ${message}.`,
      /strip-only/.test(message ?? '')
        ? 'Types are only taken away, so write it without that: an enum, a namespace or a parameter property has a form in plain JavaScript.'
        : 'Correct the line.',
      { cause: thrown },
    );
  }
}

/** What @swc/wasm-typescript throws; the column counts from 0. */
interface CompilerError {
  readonly message: string;
  readonly startLine: number;
  readonly startColumn: number;
}

function relativeImports(path: string, code: string): string[] {
  let imports: readonly Import[];
  try {
    [imports] = parse(code, path);
  } catch {
    // The compiler says better what is wrong.
    stripTypes(path, code);
    return [];
  }
  const specifiers = imports.flatMap((found) =>
    typeof found.specifier === 'string' ? [found.specifier] : [],
  );
  return [...new Set(specifiers.filter((specifier) => /^\.{1,2}\//.test(specifier)))];
}

/** As Node does; a `.js` that is not there may mean the `.ts` that TypeScript would make it from. */
function resolveImport(importer: string, specifier: string): string {
  const path = resolve(dirname(importer), specifier);
  const twin = path.replace(/\.(m?)js$/, '.$1ts');
  const found = [path, twin].map(realFile).find((file) => file !== undefined);
  if (found !== undefined) return found;
  const meant = ['.ts', '.js', '/index.ts', '/index.js'].find((end) => realFile(`${path}${end}`));
  throw new LockstepError(
    'EXTENSION_INVALID',
    `Cannot load the extension ${importer}: it imports "${specifier}", and there is no such file.`,
    meant === undefined
      ? 'Correct the path.'
      : `Write the whole name of the file: "${specifier}${meant}".`,
  );
}

function realFile(path: string): string | undefined {
  try {
    const real = realpathSync(path);
    readBytesSync(real);
    return real;
  } catch {
    return undefined; // Absent, a folder, or not to be read: the caller says which name it wanted.
  }
}

function realPathOf(path: string): string {
  try {
    const real = realpathSync(path);
    readBytesSync(real);
    return real;
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    if (code === undefined) throw thrown;
    const reason =
      { ENOENT: 'there is no such file', EISDIR: 'it is a folder' }[code] ??
      systemProblem(thrown)?.reason ??
      `it can't be opened (${code})`;
    throw new LockstepError(
      'EXTENSION_INVALID',
      `Cannot load the extension ${path}: ${reason}.`,
      'Give the path of a TypeScript or JavaScript file that exports a model, an objective or an importer.',
      { cause: thrown },
    );
  }
}

function noModule(path: string): LockstepError {
  return new LockstepError(
    'EXTENSION_INVALID',
    `Cannot load the extension ${path}: its name ends in "${extname(basename(path))}".`,
    'An extension is one ES module; its name ends in .ts, .mts, .js or .mjs.',
  );
}
