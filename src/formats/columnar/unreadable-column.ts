/** A column whose type holds neither numbers nor text. The file is good, and its other columns can be read. */
import type { LockstepError } from '../../core/errors.ts';
import { sourceError } from '../../source/file/source-error.ts';

export class UnreadableColumn extends Error {
  /** @param type as the format calls it */
  constructor(column: string, type: string) {
    super(
      `its column "${column}" is of the type ${type}, which holds neither numbers nor text nor lists of them`,
    );
  }

  /** DATA_INVALID about the file. */
  of(path: string): LockstepError {
    return sourceError(path, this.message, {
      cause: this,
      advice:
        'Name another column; or write what counts of it into columns of their own, such as a list of numbers for each row.',
    });
  }
}
