/** Finds what a mistyped name was meant to be. */

/**
 * The candidate nearest to `name`, or undefined when none is near enough to be worth suggesting. Case,
 * "-" and "_" don't count; a beginning ("thread") and initials ("lr" for "learningRate") stand for a name.
 */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const folded = fold(name);
  const byInitials = candidates.find((candidate) => initials(candidate) === folded);
  const limit = Math.max(1, Math.floor(folded.length / 3));
  let best = byInitials;
  let bestDistance = byInitials === undefined ? limit + 1 : 1;
  for (const candidate of candidates) {
    const distance = distanceOf(folded, fold(candidate));
    const isAlike = distance < Math.max(folded.length, fold(candidate).length);
    if (isAlike && distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** ` Did you mean "x"?` with a leading space, or nothing when no candidate is near. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
}

/** A beginning of three letters or more is as good as one wrong letter. */
function distanceOf(name: string, candidate: string): number {
  const isBeginning = candidate.startsWith(name) || name.startsWith(candidate);
  const distance = editDistance(name, candidate);
  return isBeginning && Math.min(name.length, candidate.length) >= 3
    ? Math.min(distance, 1)
    : distance;
}

const fold = (name: string): string => name.toLowerCase().replace(/[-_\s]/g, '');

/** First letters of a camelCase or dashed name's words; undefined for a name of one word. */
function initials(name: string): string | undefined {
  const words = name.match(/[A-Z]?[a-z0-9]+/g) ?? [];
  return words.length < 2 ? undefined : words.map((word) => word[0]!.toLowerCase()).join('');
}

/**
 * Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.
 * Names longer than 64 characters are compared by their first 64.
 */
export function editDistance(a: string, b: string): number {
  const [left, right] = [a.slice(0, 64), b.slice(0, 64)];
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, j) => j);
  for (let i = 1; i <= left.length; i++) {
    const current = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = previous[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]
          ? beforePrevious[j - 2]! + 1
          : Infinity;
      current.push(Math.min(replaced, swapped, previous[j]! + 1, current[j - 1]! + 1));
    }
    [beforePrevious, previous] = [previous, current];
  }
  return previous[right.length]!;
}
