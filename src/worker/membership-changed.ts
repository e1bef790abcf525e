/**
 * What every call of `Comm` rejects with once a new generation is to be formed: not a failure, but the sign to
 * drop the unfinished step and to `reportBoundary`.
 */
export class MembershipChanged extends Error {
  override readonly name = 'MembershipChanged';

  constructor() {
    super('A new generation is to be formed.');
  }
}
