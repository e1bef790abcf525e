/** `launcher/launch`: checks devices and configuration, then starts `lockstep train` or `lockstep resume`. */
import { constants } from 'node:os';
import { join } from 'node:path';
import { reportError } from '../../launch/exit.ts';
import { guardOutputs } from '../../launch/outputs.ts';
import { passSignalsTo } from '../../launch/process-signals.ts';
import { COMMAND_LINE, startProgram } from '../../launch/program.ts';
import { loadRunConfig } from '../../run/config.ts';
import { loadExtensionsGiven } from '../extension-option.ts';
import { dryRunText } from './dry-run.ts';
import type { LaunchRequest } from './request.ts';
import { devicesOf, lockstepArguments, parseRequest } from './request.ts';

async function main(args: readonly string[]): Promise<number> {
  const request = await parseRequest(args);
  if (request === null) return 0;
  const devices = devicesOf(request);
  await loadExtensionsGiven({ extension: [...request.extensions] });
  const { engine, name } = loadRunConfig(configPath(request), request.overrides);
  if (!request.dryRun) return await runLockstep(lockstepArguments(request));
  const runFolder = request.what.run ?? join('runs', name);
  process.stdout.write(dryRunText({ devices, engine, runFolder }));
  process.stdout.write(
    `Nothing was started; it would be: lockstep ${lockstepArguments(request).join(' ')}\n`,
  );
  return 0;
}

function configPath({ what }: LaunchRequest): string {
  return what.kind === 'train' ? what.config : join(what.run, 'config.yaml');
}

/** Runs the command line in a process of its own, whose exit code becomes this one's. */
async function runLockstep(args: readonly string[]): Promise<number> {
  const env = { ...process.env, LOCKSTEP_LAUNCHER_PID: String(process.pid) };
  const child = startProgram(COMMAND_LINE, args, { stdio: 'inherit', env });
  passSignalsTo(child);
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
}

const outputs = guardOutputs();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  process.exitCode = reportError(thrown);
}
await outputs.finish();
