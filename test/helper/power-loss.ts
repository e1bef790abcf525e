/**
 * What a disk may hold after a loss of power: of what a program changed only what it had synced is sure to be there. POSIX
 * promises the bytes of a file that was synced, and the names in a folder that was synced; file systems differ in what of
 * the rest survives (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014). Pure but for `DiskModel.write`.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Change } from './recorded-writes.ts';

/**
 * What survives besides what was synced: `nothing`; `names`: every name, but no byte of a file; `lengths`: every name and the
 * length of every file, with zeros where bytes were not synced; `all`, as after the death of a process.
 */
export const SURVIVORS = ['nothing', 'names', 'lengths', 'all'] as const;
export type Survivors = (typeof SURVIVORS)[number];

interface FileNode {
  readonly kind: 'file';
  bytes: Buffer;
  synced: Buffer;
}

interface FolderNode {
  readonly kind: 'folder';
  readonly names: Map<string, DiskNode>;
  synced: Map<string, DiskNode>;
}

type DiskNode = FileNode | FolderNode;

const newFile = (): FileNode => ({ kind: 'file', bytes: Buffer.alloc(0), synced: Buffer.alloc(0) });
const newFolder = (): FolderNode => ({ kind: 'folder', names: new Map(), synced: new Map() });

/** A folder on a disk, as a program and as a loss of power sees it. */
export class DiskModel {
  readonly #root = newFolder();

  /** @param folders in it from the beginning */
  constructor(folders: readonly string[]) {
    for (const name of folders) this.#root.names.set(name, newFolder());
    this.#sync(this.#root);
  }

  apply({ call, path, to, offset, bytes }: Change): void {
    if (path === '') {
      assert.equal(call, 'sync');
      this.#sync(this.#root);
      return;
    }
    const folder = this.#folder(dirname(path));
    const name = basename(path);
    switch (call) {
      case 'create':
        folder.names.set(name, newFile());
        return;
      case 'mkdir':
        folder.names.set(name, newFolder());
        return;
      case 'unlink':
      case 'rmdir':
        assert.ok(folder.names.delete(name), `${call} ${path}`);
        return;
      case 'link':
        this.#folder(dirname(to)).names.set(basename(to), this.#node(path));
        return;
      case 'rename': {
        const node = this.#node(path);
        folder.names.delete(name);
        this.#folder(dirname(to)).names.set(basename(to), node);
        return;
      }
      case 'sync':
        // A file whose name is gone needs nothing.
        if (folder.names.has(name)) this.#sync(this.#node(path));
        return;
      case 'truncate':
        this.#resize(this.#file(path), offset);
        return;
      case 'write': {
        const file = this.#file(path);
        this.#resize(file, Math.max(file.bytes.length, offset + bytes.length));
        bytes.copy(file.bytes, offset);
        return;
      }
    }
  }

  /** Files by path, which begins with "/". */
  files(survivors: Survivors): ReadonlyMap<string, Buffer> {
    const files = new Map<string, Buffer>();
    const walk = (node: DiskNode, path: string): void => {
      if (node.kind === 'file') files.set(path, survivingBytes(node, survivors));
      else
        for (const [name, child] of survivingNames(node, survivors)) walk(child, `${path}/${name}`);
    };
    walk(this.#root, '');
    return files;
  }

  /** Equal for equal contents. */
  hash(survivors: Survivors): string {
    const hash = createHash('sha256');
    const walk = (node: DiskNode): void => {
      if (node.kind === 'file') {
        const bytes = survivingBytes(node, survivors);
        hash.update(`file ${bytes.length} `).update(bytes);
        return;
      }
      const names = survivingNames(node, survivors);
      hash.update(`folder ${names.size} `);
      for (const name of [...names.keys()].sort()) {
        hash.update(`${name} `);
        walk(names.get(name)!);
      }
    };
    walk(this.#root);
    return hash.digest('hex');
  }

  /** Lays what survives into an empty folder. */
  write(target: string, survivors: Survivors): void {
    const walk = (node: DiskNode, path: string): void => {
      if (node.kind === 'file') {
        writeFileSync(path, survivingBytes(node, survivors));
        return;
      }
      mkdirSync(path, { recursive: true });
      for (const [name, child] of survivingNames(node, survivors)) walk(child, join(path, name));
    };
    walk(this.#root, target);
  }

  #resize(file: FileNode, length: number): void {
    const before = file.bytes;
    file.bytes = Buffer.alloc(length);
    before.copy(file.bytes);
  }

  #sync(node: DiskNode): void {
    if (node.kind === 'file') node.synced = Buffer.from(node.bytes);
    else node.synced = new Map(node.names);
  }

  #node(path: string): DiskNode {
    let node: DiskNode = this.#root;
    for (const name of path.split('/').filter((one) => one !== '')) {
      assert.ok(node.kind === 'folder', path);
      const child: DiskNode | undefined = node.names.get(name);
      assert.ok(child !== undefined, `${path} is not known`);
      node = child;
    }
    return node;
  }

  #folder(path: string): FolderNode {
    const node = this.#node(path);
    assert.ok(node.kind === 'folder', path);
    return node;
  }

  #file(path: string): FileNode {
    const node = this.#node(path);
    assert.ok(node.kind === 'file', path);
    return node;
  }
}

function survivingNames(
  { names, synced }: FolderNode,
  survivors: Survivors,
): Map<string, DiskNode> {
  return survivors === 'nothing' ? synced : names;
}

function survivingBytes({ bytes, synced }: FileNode, survivors: Survivors): Buffer {
  if (survivors === 'all') return bytes;
  if (survivors !== 'lengths') return synced;
  const padded = Buffer.alloc(bytes.length);
  synced.copy(padded);
  return padded;
}
