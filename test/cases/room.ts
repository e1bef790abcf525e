/** A folder in which a case writes its input, runs the commands of a user and looks at what they made. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { openStore } from '../../src/data/format/open-store.ts';
import { SPLITS, type Split, type StoreManifest, UNLABELLED } from '../../src/data/format/store.ts';
import { type Answerer, type Ended, Workplace } from '../helper/command-line.ts';

/** A sequence as a dataset holds it. */
export interface StoredSequence {
  readonly label: string | undefined;
  readonly split: Split;
  readonly values: readonly number[];
}

/** What an import made, and what it said. */
export interface Imported {
  readonly store: string;
  readonly manifest: StoreManifest;
  /** By their ids. */
  readonly sequences: ReadonlyMap<string, StoredSequence>;
  /** The report. */
  readonly report: string;
}

/** One line, however the input looks: a person reads it. */
const LONGEST_MESSAGE = 800;

export class Room {
  readonly #place = new Workplace();
  #stores = 0;
  readonly #answerer: Answerer | undefined;

  /** @param isShared one process answers all commands, which spares each its start; none of them may train */
  constructor({ isShared = false } = {}) {
    if (isShared) this.#answerer = this.#place.answerer();
  }

  async #run(args: readonly string[]): Promise<Ended> {
    return await (this.#answerer?.answer(...args) ?? this.#place.run(...args));
  }

  path(...parts: readonly string[]): string {
    return this.#place.path(...parts);
  }

  get place(): Workplace {
    return this.#place;
  }

  /** Writes files; a name may have folders. */
  write(files: Readonly<Record<string, string | Uint8Array>>): void {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(this.path(name)), { recursive: true });
      writeFileSync(this.path(name), content);
    }
  }

  /** Removes a file or a folder. */
  delete(name: string): void {
    rmSync(this.path(name), { recursive: true });
  }

  /** Runs a command that succeeds. */
  async runs(...args: readonly string[]): Promise<Ended> {
    const ended = await this.#run(args);
    assert.equal(ended.code, 0, ended.stderr);
    return ended;
  }

  /** Runs a command that is refused; returns its only line. */
  async refused(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#run(args);
    assert.ok(code === 2 || code === 3, `exit code ${code}: ${stdout}${stderr}`);
    assert.equal(stdout, '');
    assert.match(stderr, /^[A-Z_]+: [^\n]+\n$/, 'one line that says what is wrong');
    assert.doesNotMatch(stderr, /^UNEXPECTED/);
    assert.ok(stderr.length <= LONGEST_MESSAGE, `a message of ${stderr.length} characters`);
    return stderr.trimEnd();
  }

  /** Imports into a new dataset and reads it again. */
  async imports(source: string, ...options: readonly string[]): Promise<Imported> {
    const store = this.#nextStore();
    const { stdout } = await this.runs('data', 'import', source, store, ...options);
    return { report: stdout, ...(await this.reads(store)) };
  }

  /** What a dataset holds. */
  async reads(store: string): Promise<Omit<Imported, 'report'>> {
    return { store, ...(await readStore(this.path(store))) };
  }

  /** Imports something that is refused, and leaves nothing behind; returns the only line. */
  async refuses(source: string, ...options: readonly string[]): Promise<string> {
    const store = this.#nextStore();
    const line = await this.refused('data', 'import', source, store, ...options);
    assert.ok(!existsSync(this.path(store)), 'nothing is left behind');
    return line;
  }

  #nextStore(): string {
    this.#stores++;
    return `store-${this.#stores}`;
  }

  remove(): void {
    this.#answerer?.close();
    this.#place.remove();
  }
}

async function readStore(path: string): Promise<Pick<Imported, 'manifest' | 'sequences'>> {
  const store = await openStore(path);
  try {
    const sequences = new Map<string, StoredSequence>();
    for (const [i, id] of (await store.ids()).entries()) {
      const label = store.index.labels[i]!;
      sequences.set(id, {
        label: label === UNLABELLED ? undefined : store.manifest.classes[label],
        split: SPLITS[store.index.splits[i]!]!,
        values: [...(await store.read(i, 0, store.index.lengths[i]!))],
      });
    }
    return { manifest: store.manifest, sequences };
  } finally {
    await store.close();
  }
}

/** The values of each sequence by its id. */
export function valuesOf({
  sequences,
}: Pick<Imported, 'sequences'>): Record<string, readonly number[]> {
  return Object.fromEntries([...sequences].map(([id, { values }]) => [id, values]));
}

/** The class of each sequence by its id. */
export function labelsOf({
  sequences,
}: Pick<Imported, 'sequences'>): Record<string, string | undefined> {
  return Object.fromEntries([...sequences].map(([id, { label }]) => [id, label]));
}
