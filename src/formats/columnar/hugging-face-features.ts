/** Names of classes, as Hugging Face's datasets keep them beside their columns. */
import { z } from 'zod';

const features = z.record(z.string(), z.unknown());
const classLabel = z.object({ _type: z.literal('ClassLabel'), names: z.array(z.string()) });
const listOf = z.union([
  z.object({ feature: classLabel }).transform(({ feature }) => feature),
  z
    .array(classLabel)
    .length(1)
    .transform(([feature]) => feature!),
]);
const metadata = z.object({ info: z.object({ features }) });

/** The names by column, from the entry "huggingface" of a file's metadata. */
export function classNamesIn(
  entries: Iterable<{ readonly key: string; readonly value?: string | undefined }>,
): Map<string, readonly string[]> {
  for (const { key, value } of entries) {
    if (key !== 'huggingface' || value === undefined) continue;
    const parsed = metadata.safeParse(parse(value));
    if (parsed.success) return classNamesOf(parsed.data.info.features);
  }
  return new Map();
}

/** The names by column; lists of labels count, too. */
export function classNamesOf(given: z.output<typeof features>): Map<string, readonly string[]> {
  const names = new Map<string, readonly string[]>();
  for (const [column, feature] of Object.entries(given)) {
    const parsed = z.union([classLabel, listOf]).safeParse(feature);
    if (parsed.success) names.set(column, parsed.data.names);
  }
  return names;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
