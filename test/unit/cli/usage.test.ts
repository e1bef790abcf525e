/** What is answered to a command line that is wrong: the exact line, in every locale. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { whatIsAsked } from '../../../src/cli/asked.ts';
import { COMMANDS, nameOf } from '../../../src/cli/commands.ts';
import { lockstepParser, runCommandLine } from '../../../src/cli/parser.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { ngramConfig } from '../../../src/config/ngram-config.ts';
import { rocketConfig } from '../../../src/config/rocket-config.ts';
import { asLockstepError, type LockstepError } from '../../../src/core/errors.ts';
import { programName } from '../../../src/core/program-name.ts';
import { loadRunConfig } from '../../../src/run/config.ts';

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));
const FITTED = 'name: rocket\ndata: {store: data/mine}';
const TINY = join(PROJECT, 'configs', 'tiny.yaml');
const folder = mkdtempSync(join(tmpdir(), 'lockstep-usage-'));
const start = process.cwd();
const FILES = ['runs/own-data/config.yaml', 'data/mine/manifest.json', 'new.csv', 'my.yaml'];

/** What a command line is answered. */
async function answer(...args: readonly string[]): Promise<LockstepError> {
  try {
    await runCommandLine(args);
  } catch (thrown) {
    return asLockstepError(thrown);
  }
  return assert.fail(`"${args.join(' ')}" was not refused`);
}

before(() => {
  for (const file of FILES) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), 'phases: [');
  }
  process.chdir(folder);
});
after(() => {
  process.chdir(start);
  rmSync(folder, { recursive: true });
});

const NAMES =
  'setup, quickstart, train, resume, launch, healthz, debug, evaluate, predict, baselines, rocket, ngram, study, tune, plan-cluster, bench, data, completion';
/** How this test's folder names the program and its configurations. */
const lockstep = (words: string): string => `${programName(PROJECT, folder)} ${words}`;
const packed = (path: string): string => relative(folder, join(PROJECT, path));
const complete = (): string =>
  [
    'configs/few-labels.yaml',
    'configs/quickstart-portable.yaml',
    'configs/quickstart.yaml',
    'configs/tiny.yaml',
  ]
    .map(packed)
    .join(', ');

interface Case {
  readonly args: readonly string[];
  readonly says: () => string;
}

const COMMANDS_MISTYPED: readonly Case[] = [
  {
    args: ['trian', 'my.yaml'],
    says: () =>
      `USAGE: There is no command "trian"; the commands are ${NAMES}. Did you mean "train"?`,
  },
  {
    args: ['xyz'],
    says: () =>
      `USAGE: There is no command "xyz"; the commands are ${NAMES}. See "${lockstep('--help')}".`,
  },
  {
    args: ['answers', 'data/mine'],
    says: () =>
      `USAGE: There is no command "answers"; the commands are ${NAMES}. Did you mean "study"?`,
  },
  {
    args: ['my.yaml', '--workers', '2'],
    says: () =>
      `USAGE: There is no command "my.yaml"; the commands are ${NAMES}. Did you mean "${lockstep('train my.yaml --workers 2')}"?`,
  },
  {
    args: ['data', 'xyz'],
    says: () =>
      `USAGE: There is no "data xyz"; after "data" follows import, synth, info, verify, merge or export. See "${lockstep('data --help')}".`,
  },
  {
    args: ['data', 'imprt', 'a', 'b'],
    says: () =>
      'USAGE: There is no "data imprt"; after "data" follows import, synth, info, verify, merge or export. Did you mean "import"?',
  },
  {
    args: ['bench', 'xyz'],
    says: () =>
      `USAGE: There is no "bench xyz"; after "bench" follows step, profile, collective, scaling, faults or data. See "${lockstep('bench --help')}".`,
  },
  {
    args: ['--workers', '2'],
    says: () => `USAGE: "--workers" comes before any command. Name a command first: ${NAMES}.`,
  },
  {
    args: ['--helpp'],
    says: () => 'USAGE: "--helpp" comes before any command. Did you mean "--help"?',
  },
];

const ARGUMENTS: readonly Case[] = [
  {
    args: ['train'],
    says: () =>
      `USAGE: "train" needs <config>. Complete configurations: ${complete()}. For example: ${lockstep(`train ${packed('configs/tiny.yaml')}`)}`,
  },
  {
    args: ['resume'],
    says: () =>
      `USAGE: "resume" needs <run>. Runs here: runs/own-data. For example: ${lockstep('resume runs/tiny --workers 2')}`,
  },
  {
    args: ['data', 'import', 'new.csv'],
    says: () =>
      `USAGE: "data import" needs <source> and <store>. For example: ${lockstep(`data import ${packed('examples/sequences.csv')} data/mine --id id --label class`)}`,
  },
  {
    args: ['train', 'tiny'],
    says: () =>
      `CONFIG_NOT_FOUND: Cannot read the configuration "tiny": there is no such file. Did you mean "${packed('configs/tiny.yaml')}"?`,
  },
  {
    args: ['train', 'my'],
    says: () =>
      'CONFIG_NOT_FOUND: Cannot read the configuration "my": there is no such file. Did you mean "my.yaml"?',
  },
  {
    args: ['train', 'own-data'],
    says: () =>
      `CONFIG_NOT_FOUND: Cannot read the configuration "own-data": there is no such file. Did you mean "${packed('examples/own-data.yaml')}"?`,
  },
  {
    args: ['train', 'runs/own-data'],
    says: () =>
      `CONFIG_NOT_FOUND: Cannot read the configuration "runs/own-data": it is the folder of a run. Did you mean "${lockstep('resume runs/own-data')}"?`,
  },
  {
    args: ['debug', 'data/mine'],
    says: () =>
      `CONFIG_NOT_FOUND: Cannot read the configuration "data/mine": it is a dataset. Name it in a configuration (--set data.store=data/mine), or study it: "${lockstep('study data/mine')}".`,
  },
  {
    args: ['train', 'my.yaml', 'other.yaml'],
    says: () =>
      'USAGE: "other.yaml" is one argument too many for "train". Give one configuration to a command.',
  },
  {
    args: ['train', 'my.yaml', 'seed=3'],
    says: () => 'USAGE: "seed=3" is one argument too many for "train". Did you mean --set seed=3?',
  },
  {
    args: ['resume', 'own-data'],
    says: () =>
      'RUN_NOT_FOUND: "own-data" is no run\'s folder: there is no such folder. Did you mean "runs/own-data"?',
  },
  {
    args: ['evaluate', 'my.yaml'],
    says: () =>
      `RUN_NOT_FOUND: "my.yaml" is no run's folder: it is a configuration. Give the folder of a run, or start one: "${lockstep('train my.yaml')}".`,
  },
  {
    args: ['predict', 'runs/own-data', 'new.csv'],
    says: () =>
      'USAGE: "new.csv" is one argument too many for "predict". Did you mean --files new.csv?',
  },
  {
    args: ['evaluate', 'runs/own-data', 'data/mine'],
    says: () =>
      'USAGE: "data/mine" is one argument too many for "evaluate". Did you mean --data data/mine?',
  },
];

const OPTIONS: readonly Case[] = [
  {
    args: ['train', TINY, '--worker', '2'],
    says: () => 'USAGE: There is no option --worker here. Did you mean --workers?',
  },
  {
    args: ['train', TINY, '--no-workers'],
    says: () => 'USAGE: There is no option --no-workers here. Did you mean --workers?',
  },
  {
    args: ['train', TINY, '--seed', '3'],
    says: () => 'USAGE: There is no option --seed here. Did you mean --set seed=3?',
  },
  {
    args: ['train', TINY, '--lr=0.01'],
    says: () =>
      'USAGE: There is no option --lr here. Did you mean --set phases.pretrain.learningRate.peak=0.01 or --set phases.finetune.learningRate.peak=0.01?',
  },
  {
    args: ['train', TINY, '--epochs', '3'],
    says: () =>
      'USAGE: There is no option --epochs here. Did you mean --set phases.pretrain.duration.epochs=3 or --set phases.finetune.duration.epochs=3?',
  },
  {
    args: ['train', TINY, '--phases.pretrain.duration.steps=3'],
    says: () =>
      'USAGE: There is no option --phases.pretrain.duration.steps here. Did you mean --set phases.pretrain.duration.steps=3?',
  },
  {
    args: ['evaluate', 'runs/own-data', '--seed', '3'],
    says: () => `USAGE: There is no option --seed here. See "${lockstep('evaluate --help')}".`,
  },
  {
    args: ['train', TINY, '--workers'],
    says: () => `USAGE: --workers needs a value. See "${lockstep('train --help')}".`,
  },
  {
    args: ['train', TINY, '--run'],
    says: () => `USAGE: --run needs a value. See "${lockstep('train --help')}".`,
  },
  {
    args: ['train', TINY, '--workers', 'two'],
    says: () => `USAGE: --workers is "two"; allowed: a number. See "${lockstep('train --help')}".`,
  },
  {
    args: ['train', TINY, '--workers=2', '--workers=3'],
    says: () => 'USAGE: --workers is given 2 times. Give it once.',
  },
  {
    args: ['train', TINY, '--transport', 'udp'],
    says: () =>
      `USAGE: --transport is "udp"; allowed: "ipc", "tcp", "insecure-tcp". See "${lockstep('train --help')}".`,
  },
  {
    args: ['evaluate', 'runs/own-data', '--split', 'tset'],
    says: () =>
      'USAGE: --split is "tset"; allowed: "train", "validation", "test". Did you mean test?',
  },
  {
    args: ['predict', 'runs/own-data', '--files', 'new.csv', '--data', 'data/mine'],
    says: () => 'USAGE: --files and --data exclude each other. Leave one of them out.',
  },
  {
    args: ['train', TINY, '--', '--workers', '2'],
    says: () => 'USAGE: No option is read after "--". Leave "--" out.',
  },
];

const LOCALES = ['C', 'de_DE.UTF-8', 'ja_JP.UTF-8', 'pt_BR.UTF-8'];

for (const locale of LOCALES) {
  describe(`in the locale ${locale}`, () => {
    const { LC_ALL } = process.env;
    before(() => {
      process.env.LC_ALL = locale;
    });
    after(() => {
      if (LC_ALL === undefined) delete process.env.LC_ALL;
      else process.env.LC_ALL = LC_ALL;
    });
    for (const { args, says } of [...COMMANDS_MISTYPED, ...ARGUMENTS, ...OPTIONS]) {
      it(`answers "${args.join(' ').replace(TINY, 'tiny.yaml')}"`, async () => {
        const error = await answer(...args);
        assert.equal(error.toLine(), says());
        assert.equal(error.exitCode, 2);
      });
    }

    it('shows help in English', async () => {
      const help = await lockstepParser(['train', '--help']).getHelp();
      for (const word of ['Usage:', 'Options:', 'Examples:', '[default: 1]']) {
        assert.ok(help.includes(word), help);
      }
    });
  });
}

describe('whatIsAsked()', () => {
  const HELP: readonly (readonly [string, string])[] = [
    ['', '--help'],
    ['-h', '--help'],
    ['help', '--help'],
    ['help train', 'train --help'],
    ['help data import', 'data import --help'],
    ['train -h', 'train --help'],
    ['data', 'data --help'],
    ['bench', 'bench --help'],
    ['-v', '--version'],
  ];
  for (const [typed, asked] of HELP) {
    it(`reads "${typed}" as "${asked}"`, () => {
      const words = typed.split(' ').filter((word) => word !== '');
      assert.equal(whatIsAsked(words, COMMANDS).join(' '), asked);
    });
  }
});

describe('help', () => {
  for (const columns of [60, 80, 200]) {
    it(`fits a terminal of ${columns} columns`, async () => {
      for (const name of COMMANDS.map(nameOf)) {
        const help = await lockstepParser([name, '--help'], columns).getHelp();
        const widest = Math.max(...help.split('\n').map(({ length }) => length));
        const word = Math.max(...help.split(/\s/).map(({ length }) => length));
        assert.ok(widest <= Math.max(Math.min(columns, 100), word + 4), help);
      }
    });
  }

  it('gives examples that are right', async () => {
    for (const command of COMMANDS) {
      for (const example of command.examples) {
        const words = example.split(' ');
        assert.deepEqual(whatIsAsked(words, COMMANDS), words);
        const sets = words.filter((_, at) => words[at - 1] === '--set');
        if (words[0] === 'rocket') parseConfig(rocketConfig, FITTED, 'rocket', sets);
        else if (words[0] === 'ngram') parseConfig(ngramConfig, FITTED, 'ngram', sets);
        else if (sets.length > 0) loadRunConfig(join(PROJECT, words[1]!), sets);
      }
    }
  });
});
