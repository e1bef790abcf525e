/** Puts a small folder in the place of another one. Argument: its path. */
import { writeFolderAtomically } from '../../src/core/atomic-folder.ts';
import { asLockstepError } from '../../src/core/errors.ts';

try {
  await writeFolderAtomically(
    process.argv[2]!,
    async (writer) => await writer.write('small', [new Uint8Array(1)]),
    { replace: true },
  );
} catch (thrown) {
  const { code, message } = asLockstepError(thrown);
  process.stderr.write(`${code}: ${message}\n`);
}
