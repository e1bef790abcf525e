/** Ranks of methods on datasets. */

/** The rank of each accuracy among those of one dataset: 1 for the largest, their mean for equal ones. */
export function ranksOf(accuracies: readonly number[]): number[] {
  return accuracies.map((own) => {
    const better = accuracies.filter((other) => other > own).length;
    const equal = accuracies.filter((other) => other === own).length;
    return better + (equal + 1) / 2;
  });
}

/**
 * The mean rank of each method over the datasets on which all have an accuracy, and how many those are.
 * @param rows an accuracy a method, for each dataset; undefined where there is none
 */
export function meanRanks(rows: readonly (readonly (number | undefined)[])[]): {
  readonly datasets: number;
  readonly ranks: readonly number[];
} {
  const complete = rows.filter((row): row is readonly number[] => !row.includes(undefined));
  const ranks = complete.map(ranksOf);
  const means = (rows[0] ?? []).map(
    (_, method) => ranks.reduce((sum, row) => sum + row[method]!, 0) / complete.length,
  );
  return { datasets: complete.length, ranks: means };
}
