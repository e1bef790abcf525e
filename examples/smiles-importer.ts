/**
 * An importer of one's own: SMILES, the text format of molecules. Each line has the characters of one molecule, behind
 * them its name and its class.
 *
 *   CCO ethanol alcohol
 *   CC(=O)O vinegar acid
 *
 *   lockstep data import molecules.smi data/molecules --extension examples/smiles-importer.ts
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { defineImporter, LockstepError, type RawRecord, z } from 'lockstep';

const options = z.strictObject({
  /** Characters in the order of their symbols: the first one is 0. */
  alphabet: z.string().min(2).default('CNOPSFIBrclnosp()[]=#+-123456789@/\\H'),
});

export default defineImporter({
  kind: 'smiles',
  options,
  accepts: (path) => /\.(smi|smiles)$/.test(path),
  records,
});

/** One molecule after the other: never more than one is held. */
async function* records(
  path: string,
  { alphabet }: z.output<typeof options>,
): AsyncGenerator<RawRecord> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path) })) {
    line++;
    const [characters, name, label] = text.trim().split(/\s+/);
    if (!characters) continue;
    const values = [...characters].map((one) => symbolOf(one, alphabet, path, line));
    yield { id: name ?? `${line}`, label, values };
  }
}

function symbolOf(character: string, alphabet: string, path: string, line: number): number {
  const symbol = alphabet.indexOf(character);
  if (symbol >= 0) return symbol;
  const what = `"${character}" is none of the characters ${alphabet}`;
  const advice = 'Correct the line, or name the characters by --option alphabet=CNO.';
  throw new LockstepError('DATA_INVALID', `Cannot read "${path}", line ${line}: ${what}.`, advice);
}
