/** Cuts the flat leaf into pieces, and says who adds each on every host: pure. */
import type { Range } from '../core/canonical-sum.ts';

/** Pieces begin at multiples of a cache line. */
const ALIGNMENT_FLOATS = 16;

/** Floats that are added and sent in one go. */
export interface Piece extends Range {
  /** The host whose combiner finishes the sum: the piece's owner. */
  readonly home: number;
  /** On each host, the rank that adds this host's subtrees. */
  readonly combiners: readonly number[];
}

/**
 * The pieces of a leaf, in ascending order, on hosts of so many workers each.
 *
 * Each host is home to one section of the leaf; the sections are as equal as multiples of 16 floats allow, so that no
 * host's network has more to carry than another's. Every host shares out every section among its workers, again
 * equally. The cuts of all hosts and the longest frame together make the pieces.
 */
export function piecesOf(hosts: readonly number[], floats: number, pieceFloats: number): Piece[] {
  const lines = Math.ceil(floats / ALIGNMENT_FLOATS);
  const ranks = ranksOf(hosts);
  return hosts.flatMap((_, home) => {
    const section = partOf({ begin: 0, end: lines }, home, hosts.length);
    const cuts = cutsOf(section, hosts);
    return cuts.flatMap((begin, i): Piece[] => {
      const range = { begin, end: cuts[i + 1] ?? section.end };
      const combiners = hosts.map(
        (workers, host) => ranks[host]!.begin + partAt(section, begin, workers),
      );
      const pieces = framesIn(inFloats(range, floats), pieceFloats);
      return pieces.map((piece) => ({ ...piece, home, combiners }));
    });
  });
}

/** Where the part of any worker of any host begins. */
function cutsOf(section: Range, hosts: readonly number[]): number[] {
  const cuts = [...new Set(hosts)].flatMap((workers) =>
    Array.from({ length: workers }, (_, at) => partOf(section, at, workers).begin),
  );
  return [...new Set(cuts)].filter((cut) => cut < section.end).sort((a, b) => a - b);
}

/** The ranks on each host: contiguous. */
export function ranksOf(hosts: readonly number[]): Range[] {
  let end = 0;
  return hosts.map((workers) => {
    const begin = end;
    end += workers;
    return { begin, end };
  });
}

/** Cuts a range of floats into frames. */
function framesIn({ begin, end }: Range, frameFloats: number): Range[] {
  return Array.from({ length: Math.ceil((end - begin) / frameFloats) }, (_, i) => ({
    begin: begin + i * frameFloats,
    end: Math.min(end, begin + (i + 1) * frameFloats),
  }));
}

/** Joins neighbours into ranges of at most `mostFloats` floats. */
export function joinNeighbours(ranges: readonly Range[], mostFloats: number): Range[] {
  const joined: Range[] = [];
  for (const { begin, end } of ranges) {
    const last = joined.at(-1);
    if (last?.end === begin && end - last.begin <= mostFloats) {
      joined[joined.length - 1] = { begin: last.begin, end };
    } else {
      joined.push({ begin, end });
    }
  }
  return joined;
}

/** Part `at` of `parts` of a range, as equal as whole numbers allow. */
function partOf({ begin, end }: Range, at: number, parts: number): Range {
  const boundary = (i: number) => begin + Math.floor(((end - begin) * i) / parts);
  return { begin: boundary(at), end: boundary(at + 1) };
}

/** Which part of a range begins last at or before `at`, in the range. */
function partAt({ begin, end }: Range, at: number, parts: number): number {
  return Math.ceil(((at - begin + 1) * parts) / (end - begin)) - 1;
}

function inFloats({ begin, end }: Range, floats: number): Range {
  return {
    begin: Math.min(floats, begin * ALIGNMENT_FLOATS),
    end: Math.min(floats, end * ALIGNMENT_FLOATS),
  };
}
