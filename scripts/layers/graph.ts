import { posix } from 'node:path';
import { importsOf } from './imports.ts';

/** One import statement between two places; `to` is a file of the tree or a package. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
  readonly toPackage: boolean;
}

/** Edges of a tree of sources, by path from the repository's root. */
export function edgesOf(sources: ReadonlyMap<string, string>): Edge[] {
  return [...sources].flatMap(([from, text]) =>
    importsOf(text).map(({ specifier, typeOnly }) => {
      const toPackage = !specifier.startsWith('.');
      const to = toPackage ? specifier : posix.join(posix.dirname(from), specifier);
      return { from, to, typeOnly, toPackage };
    }),
  );
}

/** Where each node leads, without repetition. */
export function adjacency(edges: readonly { from: string; to: string }[]): Map<string, string[]> {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of edges) {
    if (!next.has(from)) next.set(from, new Set());
    next.get(from)?.add(to);
  }
  return new Map([...next].map(([from, to]) => [from, [...to].sort()]));
}

/** The shortest way from `start` to a node that is wanted, both included; null where there is none. */
export function pathTo(
  start: string,
  next: ReadonlyMap<string, readonly string[]>,
  isWanted: (node: string) => boolean,
): string[] | null {
  const cameFrom = new Map<string, string | null>([[start, null]]);
  for (const node of cameFrom.keys()) {
    if (node !== start && isWanted(node)) return wayBack(node, cameFrom);
    for (const neighbour of next.get(node) ?? []) {
      if (!cameFrom.has(neighbour)) cameFrom.set(neighbour, node);
    }
  }
  return null;
}

function wayBack(end: string, cameFrom: ReadonlyMap<string, string | null>): string[] {
  const path: string[] = [];
  for (let node: string | null = end; node !== null; node = cameFrom.get(node) ?? null) {
    path.unshift(node);
  }
  return path;
}

/**
 * A cycle through every node that lies on one, each cycle once: `[a, b, a]`, from its first node in
 * alphabetical order.
 */
export function cyclesOf(next: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const covered = new Set<string>();
  for (const start of [...next.keys()].sort()) {
    if (covered.has(start)) continue;
    const cycle = shortestCycle(start, next);
    if (!cycle) continue;
    for (const node of cycle) covered.add(node);
    cycles.push(cycle);
  }
  return cycles;
}

function shortestCycle(
  start: string,
  next: ReadonlyMap<string, readonly string[]>,
): string[] | null {
  const ways = (next.get(start) ?? []).flatMap((neighbour) => {
    if (neighbour === start) return [[start, start]];
    const way = pathTo(neighbour, next, (node) => node === start);
    return way ? [[start, ...way]] : [];
  });
  return ways.sort((a, b) => a.length - b.length)[0] ?? null;
}
