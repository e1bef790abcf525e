import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { readRunConfig } from '../../checkpoint/run-folder.ts';
import { EXIT } from '../../core/errors.ts';
import type { Split } from '../../data/format/store.ts';
import { SPLITS } from '../../data/format/store.ts';
import { inEngineProcess } from '../engine-process.ts';
import { evaluateRun } from '../evaluate-run.ts';
import { describeReport } from '../report-text.ts';

interface EvaluateOptions {
  run: string;
  phase: string | undefined;
  split: string;
  data: string | undefined;
  crop: number | undefined;
  gpu: string | undefined;
  json: boolean;
}

export const evaluateCommand: CommandModule<object, EvaluateOptions> = {
  command: 'evaluate <run>',
  describe: 'Measure the classes that a trained run predicts against the true ones',
  builder: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Folder of the run' })
      .option('phase', { type: 'string', describe: 'Weights at the end of this phase' })
      .option('split', { choices: SPLITS, default: 'test' as Split, describe: 'Which sequences' })
      .option('data', { type: 'string', describe: 'Another dataset than the run was trained on' })
      .option('crop', {
        type: 'number',
        describe: 'Only the first so many steps of each sequence',
      })
      .option('gpu', { type: 'string', describe: 'Number of the GPU to use; CPU when absent' })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'Print JSON',
      }) as Argv<EvaluateOptions>,
  handler: async (options: ArgumentsCamelCase<EvaluateOptions>) => {
    const { engine } = readRunConfig(options.run);
    process.exitCode = await inEngineProcess(engine, options.gpu, async () => {
      const result = await evaluateRun({ ...options, split: options.split as Split });
      console.log(options.json ? JSON.stringify(result, null, 2) : describeReport(result));
      return EXIT.done;
    });
  },
};
