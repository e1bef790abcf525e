/** The values as a list; of several channels, a list of timesteps, which are lists. */
export function steps(values: ArrayLike<number>, channels: number): number[] | number[][] {
  const all = Array.from(values);
  if (channels === 1) return all;
  return Array.from({ length: all.length / channels }, (_, step) =>
    all.slice(step * channels, (step + 1) * channels),
  );
}
