import type { Command } from '../command.ts';

/** Plain JavaScript outside the build, because it also makes the build. */
const SETUP = new URL('../../../scripts/setup/main.mjs', import.meta.url);

export const setupCommand: Command<object> = {
  builder: (yargs) =>
    yargs.epilogue(
      'The engine goes into .engine of the project, or into the folder $LOCKSTEP_ENGINE, which projects may share. ' +
        '$LOCKSTEP_ENGINE_VARIANT chooses it: cpu, cuda or portable.',
    ),
  handler: async () => {
    const { run } = (await import(SETUP.href)) as { run(): Promise<void> };
    await run();
  },
};
