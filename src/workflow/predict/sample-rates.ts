/** What to say of sounds with other sampling rates than those of training; undefined if there is nothing to say. Pure. */
export function otherRates(
  training: readonly number[],
  found: readonly number[],
): string | undefined {
  const others = found.filter((rate) => !training.includes(rate));
  if (training.length === 0 || others.length === 0) return undefined;
  return `the sounds have sampling rates of ${hertz(others)}, those of training of ${hertz(training)}: give them that rate first`;
}

const hertz = (rates: readonly number[]): string =>
  `${[...rates].sort((a, b) => a - b).join(', ')} Hz`;
