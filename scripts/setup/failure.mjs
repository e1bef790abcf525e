/** Exit codes of the set-up; the same meaning as those of the command line. */
export const EXIT = { environment: 2, resources: 5, interrupted: 130, terminated: 143 };

/** Something that stops the set-up and that a person can put right: one sentence and what to do. */
export class SetupFailure extends Error {
  constructor(message, exitCode = EXIT.environment) {
    super(message);
    this.exitCode = exitCode;
  }
}
