/** Values of an array by their rank, without sorting all of it. */

/** Parts this small are sorted. */
const SMALL = 24;

/**
 * Rearranges `values` so that each of `ranks` holds what it would hold if they were sorted.
 * @param values without NaN
 * @param ranks ascending, each within the array
 */
export function sortRanks(values: Float32Array, ranks: Int32Array): void {
  settle(values, 0, values.length, ranks, 0, ranks.length);
}

/** The ranks `[firstRank, endRank)` lie within `[begin, end)`. */
function settle(
  values: Float32Array,
  begin: number,
  end: number,
  ranks: Int32Array,
  firstRank: number,
  endRank: number,
): void {
  if (firstRank === endRank) return;
  if (end - begin <= SMALL) {
    insertionSort(values, begin, end);
    return;
  }
  const middle = partition(values, begin, end);
  let split = firstRank;
  while (split < endRank && ranks[split]! < middle) split++;
  settle(values, begin, middle, ranks, firstRank, split);
  settle(values, middle, end, ranks, split, endRank);
}

/** Hoare's: nothing before the returned place is greater than anything from it on, and neither part is empty. */
function partition(values: Float32Array, begin: number, end: number): number {
  const pivot = median(values[begin]!, values[(begin + end) >> 1]!, values[end - 1]!);
  let low = begin - 1;
  let high = end;
  for (;;) {
    do low++;
    while (values[low]! < pivot);
    do high--;
    while (values[high]! > pivot);
    if (low >= high) return low === begin ? low + 1 : low;
    const value = values[low]!;
    values[low] = values[high]!;
    values[high] = value;
  }
}

const median = (a: number, b: number, c: number): number =>
  Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));

function insertionSort(values: Float32Array, begin: number, end: number): void {
  for (let at = begin + 1; at < end; at++) {
    const value = values[at]!;
    let place = at;
    for (; place > begin && values[place - 1]! > value; place--) values[place] = values[place - 1]!;
    values[place] = value;
  }
}
