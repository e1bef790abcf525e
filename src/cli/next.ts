/** What a person can type next: the last line of a command that has done its work. */
import { knownConfigurations } from '../config/known-configs.ts';
import { asLockstepError, EXIT } from '../core/errors.ts';
import { commandLine } from '../core/program-name.ts';
import type { StoreManifest } from '../data/format/store.ts';
import { mayResume } from '../launch/exit.ts';
import { offerOnStdout } from '../launch/outputs.ts';
import type { RunOutcome } from '../telemetry/run-event.ts';
import { canPredict } from '../workflow/predict/can-predict.ts';

/** On standard output, after all else. @param words those of a command, or none when nothing follows */
export function printNext(words: readonly string[] | undefined): void {
  if (words !== undefined) offerOnStdout(`Next: ${commandLine(...words)}\n`);
}

/** A run that is done is evaluated if it can predict, otherwise its features are of use; one that can go on is resumed. */
export function nextOfRun(
  { exitCode, lastCheckpoint, runFolder, onHost }: RunOutcome,
  extensions: readonly string[],
): string[] | undefined {
  if (lastCheckpoint === null || onHost !== undefined) return undefined;
  const options = repeated('--extension', extensions);
  if (exitCode === EXIT.done) {
    const predicts = ifReadable(() => canPredict(runFolder));
    if (predicts === undefined) return undefined;
    return predicts
      ? ['evaluate', runFolder, ...options]
      : ['predict', runFolder, '--embeddings', '--out', 'embeddings.csv', ...options];
  }
  return mayResume(exitCode) ? ['resume', runFolder, ...options] : undefined;
}

/** Undefined where somebody changed the folder meanwhile: the run is done all the same. */
function ifReadable<Answer>(read: () => Answer): Answer | undefined {
  try {
    return read();
  } catch (thrown) {
    if (asLockstepError(thrown).code === 'UNEXPECTED') throw thrown;
    return undefined;
  }
}

/**
 * The configuration that comes with Lockstep for a dataset of one's own, with what other values and targets need.
 * Undefined where there is nothing to learn but a pretext.
 */
export function trainOn(
  store: string,
  { valueType, target }: Pick<StoreManifest, 'valueType' | 'target'>,
): string[] | undefined {
  const config = knownConfigurations().find((path) => path.endsWith('own-data.yaml'));
  if (config === undefined || target.kind === 'none') return undefined;
  const changes = [
    `data.store=${store}`,
    ...(valueType === 'float32'
      ? ['model.input=value', 'phases.pretrain.objective.target=regression']
      : []),
    ...(target.kind === 'class' ? [] : ['phases.finetune.data={}']),
  ];
  return ['train', config, ...repeated('--set', changes)];
}

/** The `--set` and `--extension` options as they were given. */
export const sameOptions = ({
  set,
  extension,
}: {
  set: string[];
  extension: string[];
}): string[] => [...repeated('--set', set), ...repeated('--extension', extension)];

export const repeated = (option: string, values: readonly string[]): string[] =>
  values.flatMap((value) => [option, value]);
