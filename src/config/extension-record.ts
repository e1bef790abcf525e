/** An extension as a run remembers it: enough to know it again, and no path to execute. */
import { z } from 'zod';

export const extensionRecord = z.strictObject({
  /** Name of the file. */
  name: z.string(),
  /** Of the module and of the files that it imports by relative paths. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** What it defines: `model strided`. */
  defines: z.array(z.string()),
});

export type ExtensionRecord = Readonly<z.output<typeof extensionRecord>>;
