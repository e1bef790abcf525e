/** What a person can do wrong, and what Lockstep says: the exact line, the exit code, and nothing left behind. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { asLockstepError } from '../../src/core/errors.ts';
import { lockFolder } from '../../src/core/folder-lock.ts';
import { openControlServer } from '../../src/protocol/control-socket.ts';
import { Gate } from '../../src/protocol/gate.ts';
import { fixtureConfig, LOCKSTEP, Workplace } from '../helper/command-line.ts';

interface Case {
  readonly what: string;
  readonly args: readonly string[];
  readonly code: number;
  /** All that is on stderr, without its last newline. */
  readonly says: string | RegExp;
}

const helpFor = (command: string) => `See "${LOCKSTEP} ${command} --help".`;
const CONFIG = readFileSync(fixtureConfig('two-phases.yaml'), 'utf8');
const changed = (from: string | RegExp, to: string): string => {
  const text = CONFIG.replace(from, to);
  assert.notEqual(text, CONFIG);
  return text;
};

const FILES: Readonly<Record<string, string | Buffer>> = {
  'ok.yaml': CONFIG,
  'empty.yaml': '',
  'broken.yaml': 'a: [\n',
  'typo.yaml': changed('microBatches', 'microBatch'),
  'seed.yaml': changed('seed: 7', 'seed: -1'),
  'family.yaml': changed('family: dilated', 'family: transformer'),
  'start.yaml': changed('start: previous', 'start: { phase: pretrian }'),
  'twice.yaml': changed('name: finetune', 'name: pretrain'),
  'folder/file': 'text',
  'file.txt': 'text',
  'file.doc': 'text',
  'good.csv': 'id,label,values\na,x,1 2 3\n',
  'word.csv': 'id,values\na,1 two 3\n',
  'quote.csv': 'id,values\na,"1 2\n',
  'broken.jsonl': '{"values":[1,2]}\n{"values":[1,\n',
  'lines.jsonl': '{"label":"x","values":[1]}\n',
  'no-values.jsonl': '{"steps":[1]}\n',
  'all-bad.csv': 'id,values\na,nan\nb,\nc,300\nd,1.5\n',
  'same-id.csv': 'id,values\na,1 2\na,1 3\n',
  'split.csv': 'id,split,values\na,train,1 2\nb,eval,1 3\n',
  'unknown-class.csv': 'id,kind,values\na,z,1 2\nb,class-0,1 2 3\n',
  'large.csv': 'id,kind,values\na,class-0,1 200\n',
};

const CONFIGURATION: readonly Case[] = [
  {
    what: 'a configuration that is not there',
    args: ['train', 'ok.yml'],
    code: 2,
    says: 'CONFIG_NOT_FOUND: Cannot read the configuration "ok.yml": there is no such file. Did you mean "ok.yaml"?',
  },
  {
    what: 'a folder for a configuration',
    args: ['train', 'folder'],
    code: 2,
    says: /^CONFIG_NOT_FOUND: Cannot read the configuration "folder": it is a folder\. Complete configurations: .*configs\/tiny\.yaml\.$/,
  },
  {
    what: 'an empty configuration',
    args: ['train', 'empty.yaml'],
    code: 2,
    says: 'CONFIG_INVALID: empty.yaml: the file is empty; allowed: a section of keys. Correct it and run the command again.',
  },
  {
    what: 'a configuration that is no YAML',
    args: ['train', 'broken.yaml'],
    code: 2,
    says: 'CONFIG_INVALID: broken.yaml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]. Correct it and run the command again.',
  },
  {
    what: 'a mistyped key',
    args: ['train', 'typo.yaml'],
    code: 2,
    says: 'CONFIG_INVALID: typo.yaml:10:10: batch.microBatch is no known key; allowed here: microBatches, tokensPerMicroBatch, maxRows, grouping, lengthRatio. Did you mean "microBatches"? Correct it and run the command again.',
  },
  {
    what: 'a value out of its range',
    args: ['train', 'seed.yaml'],
    code: 2,
    says: 'CONFIG_INVALID: seed.yaml:5:1: seed is -1; allowed: a whole number from 0 to 4294967295. Correct it and run the command again.',
  },
  {
    what: 'a model that does not exist',
    args: ['train', 'family.yaml'],
    code: 2,
    says: 'CONFIG_INVALID: family.yaml:9:10: model.family is "transformer"; allowed: "reference" or "dilated" or "causal" or "resnet" or "inception" or "modern-tcn" or "strided" or "latent-grams". Correct it and run the command again.',
  },
  {
    what: 'a phase that starts from none',
    args: ['train', 'start.yaml'],
    code: 2,
    says: 'CONFIG_INVALID: start.yaml:22:14: phases.1.start.phase is "pretrian": no earlier phase has this name; earlier: pretrain. Did you mean "pretrain"? Correct it and run the command again.',
  },
  {
    what: 'two phases of one name',
    args: ['train', 'twice.yaml'],
    code: 2,
    says: 'CONFIG_INVALID: twice.yaml:21:5: phases.1.name is "pretrain": an earlier phase has this name. Correct it and run the command again.',
  },
  {
    what: 'a --set without a value',
    args: ['train', 'ok.yaml', '--set', 'seed'],
    code: 2,
    says: 'CONFIG_INVALID: --set seed: it must look like key.path=value. Correct it and run the command again.',
  },
  {
    what: 'a --set of a phase that is not there',
    args: ['train', 'ok.yaml', '--set', 'phases.finetun.duration.steps=3'],
    code: 2,
    says: 'CONFIG_INVALID: --set phases.finetun.duration.steps=3: phases has no entry "finetun", it has 2 (pretrain, finetune). Did you mean "finetune"? Correct it and run the command again.',
  },
  {
    what: 'a --set of a section that is not there',
    args: ['train', 'ok.yaml', '--set', 'modle.channels=3'],
    code: 2,
    says: 'CONFIG_INVALID: --set modle.channels=3: modle is no known key; allowed here: name, seed, data, model, batch, engine, phases, nonFinite, replicaCheck, checkpoint. Did you mean model.channels? Correct it and run the command again.',
  },
  {
    what: 'two wrong values at once',
    args: ['train', 'ok.yaml', '--set', 'checkpoint.everySteps=0', '--set', 'seed=x'],
    code: 2,
    says: 'CONFIG_INVALID: --set seed=x: seed is "x"; allowed: a whole number from 0 to 4294967295. --set checkpoint.everySteps=0: checkpoint.everySteps is 0; allowed: a whole number ≥ 1. Correct these 2 problems and run the command again.',
  },
  {
    what: 'a warm-up that outlasts its phase',
    args: ['train', 'ok.yaml', '--set', 'phases.pretrain.duration={steps: 2}'],
    code: 2,
    says: 'CONFIG_INVALID: Phase "pretrain" warms up over 3 steps but lasts 2. Set its learningRate.warmupSteps to 2 or less, or let it last longer.',
  },
  {
    what: 'a next step on a network that sees it',
    args: ['train', 'ok.yaml', '--set', 'phases.pretrain.objective={kind: next-step}'],
    code: 2,
    says: 'CONFIG_INVALID: Phase "pretrain": Objective "next-step" needs a causal model, but model.family "dilated" sees the future: through its layers, or through statistics over whole sequences while training, such as BatchNorm\'s. Set model.family to "causal".',
  },
  {
    what: 'initial weights that are not there',
    args: ['train', 'ok.yaml', '--set', 'model.initialWeights=nosuch.safetensors'],
    code: 4,
    says: /^CHECKPOINT_NOT_FOUND: Cannot read weights from ".*\/nosuch\.safetensors": there is no such file\. Give the path of a safetensors file or of a checkpoint folder\.$/,
  },
];

const DATA_OF_RUNS: readonly Case[] = [
  {
    what: 'more labels than there are',
    args: ['train', 'ok.yaml', '--set', 'phases.finetune.data={labelsPerClass: 1000}'],
    code: 3,
    says: 'DATA_INVALID: Phase "finetune": Cannot draw 1000 labelled sequences of class "class-0" from the train split: it has 21. Set labelsPerClass to 21 or less, or leave it out to use every label.',
  },
  {
    what: 'classes of real values',
    args: ['train', 'ok.yaml', '--set', 'data.store=real', '--set', 'model.input=value'],
    code: 2,
    says: 'CONFIG_INVALID: Phase "pretrain": objective.target is "classification", but the dataset holds real values: they have no classes. Set objective.target to "regression".',
  },
  {
    what: 'a dataset without training sequences',
    args: ['train', 'ok.yaml', '--set', 'data.store=unknown-class'],
    code: 3,
    says: 'DATA_INVALID: Phase "pretrain": The train split has no sequence; the store holds 2 sequences in all. Choose another split with data.split, or import again with a share for this one.',
  },
  {
    what: 'a dataset that is not there',
    args: ['data', 'info', 'nosuch'],
    code: 3,
    says: `DATA_NOT_FOUND: Cannot open dataset "nosuch": there is no such folder. Check the path, or make the dataset: "${LOCKSTEP} data import --help".`,
  },
  {
    what: 'a truncated dataset',
    args: ['train', 'ok.yaml', '--set', 'data.store=truncated'],
    code: 3,
    says: /^STORE_CORRUPT: Dataset ".*truncated" is damaged: index\.bin has 100 bytes, its manifest says \d+\. Import the data again\.$/,
  },
  {
    what: 'a dataset of which one byte changed',
    args: ['data', 'info', 'changed', '--verify'],
    code: 3,
    says: /^STORE_CORRUPT: Dataset "changed" is damaged: sequences-00000\.arrow has SHA-256 [0-9a-f]{64}, its manifest says [0-9a-f]{64}\. Import the data again\.$/,
  },
  {
    what: 'a dataset whose manifest is no JSON',
    args: ['data', 'info', 'manifest'],
    code: 3,
    says: /^STORE_CORRUPT: Dataset "manifest" is damaged: manifest\.json is not JSON \(.*\)\. Import the data again\.$/,
  },
  {
    what: 'a dataset of a later version',
    args: ['data', 'info', 'later'],
    code: 3,
    says: 'STORE_CORRUPT: Cannot open dataset "later": its format version is 99, this program reads 1 and 2. Import the data again with this version of Lockstep.',
  },
  {
    what: 'a class that the model does not know',
    args: ['evaluate', 'run', '--data', 'unknown-class'],
    code: 3,
    says: 'DATA_INVALID: The dataset has a class "z" that the model was not trained on (it knows class-0, class-1, class-2). Import the data with the classes of the training data.',
  },
  {
    what: 'values beyond those that the model knows',
    args: ['evaluate', 'run', '--data', 'large'],
    code: 3,
    says: 'DATA_INVALID: The dataset has uint8 values of 1…200, the model was trained on uint8 values of 0…10. Import the data as the training data were imported.',
  },
  {
    what: 'real values for a model of symbols',
    args: ['predict', 'run', '--data', 'real'],
    code: 3,
    says: 'DATA_INVALID: The dataset has float32 values of 1…3, the model was trained on uint8 values of 0…10. Import the data as the training data were imported.',
  },
  {
    what: 'a study of a dataset without classes',
    args: ['study', 'real'],
    code: 3,
    says: /^DATA_INVALID: A study needs to know what to learn, but no sequence of the dataset ".*real" has a target\. Name the column of the classes: "\S+ data import \S+ real .*--label COLUMN --overwrite"\. Without any, "lockstep train" can pretrain a network: objective\.kind contrastive needs no labels\.$/,
  },
];

const IMPORT: readonly Case[] = [
  {
    what: 'a source that is not there',
    args: ['data', 'import', 'nosuch', 'out'],
    code: 3,
    says: 'DATA_NOT_FOUND: Cannot import "nosuch": there is no such file or folder. Give files, such as .csv, .jsonl, .npy or .parquet, a pattern of their names in quotes, or a folder.',
  },
  {
    what: 'a source of an unknown kind',
    args: ['data', 'import', 'file.doc', 'out'],
    code: 2,
    says: 'USAGE: Cannot import "file.doc": no importer takes it (folder, csv, jsonl, json, numpy, parquet, arrow, hugging-face, ts, arff, fasta, fastq, wav). Give a folder of files, a .csv or a .jsonl file, or the module of an importer of your own by --extension.',
  },
  {
    what: 'a column that is not there',
    args: ['data', 'import', 'good.csv', 'out', '--values', 'value'],
    code: 3,
    says: 'DATA_INVALID: Cannot import "good.csv": it has no column "value" for the values (columns: id, label, values). Name one of its columns. Did you mean "values"?',
  },
  {
    what: 'a label that no line has',
    args: ['data', 'import', 'lines.jsonl', 'out', '--label', 'lable'],
    code: 3,
    says: 'DATA_INVALID: Cannot import "lines.jsonl": it has no field "lable" for the label (fields: label, values). Name one of its fields. Did you mean "label"?',
  },
  {
    what: 'a repeated column of values',
    args: ['data', 'import', 'good.csv', 'out', '--values', 'values', '--values', 'id'],
    code: 2,
    says: 'USAGE: --values is given 2 times. Give it once.',
  },
  {
    what: 'no delimiter',
    args: ['data', 'import', 'good.csv', 'out', '--delimiter', ''],
    code: 2,
    says: `USAGE: --delimiter needs a value. ${helpFor('data import')}`,
  },
  {
    what: 'a dataset within its source',
    args: ['data', 'import', 'folder', 'folder/store', '--class-by', 'none'],
    code: 2,
    says: 'USAGE: Cannot write a dataset to "folder/store": it lies in its own source "folder". Choose a folder beside the source.',
  },
  {
    what: 'a dataset in place of its source',
    args: ['data', 'import', 'data/version-1/sequences-00000.arrow', 'data', '--overwrite'],
    code: 2,
    says: 'USAGE: Cannot write a dataset to "data": its source "data/version-1/sequences-00000.arrow" lies in it. Choose a folder beside the source.',
  },
  {
    what: 'a word among the values',
    args: ['data', 'import', 'word.csv', 'out'],
    code: 3,
    says: 'DATA_INVALID: Cannot write a dataset to "out": none of 1 is left, skipped were 1 contains text that is not a number (word.csv:2 (line 2, column "values": "two" is not a number)). Correct the data, or widen the limits that skipped them.',
  },
  {
    what: 'a quote that is not closed',
    args: ['data', 'import', 'quote.csv', 'out'],
    code: 3,
    says: 'DATA_INVALID: Cannot read "quote.csv", line 2: nothing closes a quote that opens here. Correct the line.',
  },
  {
    what: 'a line that is no JSON',
    args: ['data', 'import', 'broken.jsonl', 'out'],
    code: 3,
    says: /^DATA_INVALID: Cannot read "broken\.jsonl", line 2: it is not JSON \(.+\)\. Correct the line\.$/,
  },
  {
    what: 'a line without values',
    args: ['data', 'import', 'no-values.jsonl', 'out'],
    code: 3,
    says: 'DATA_INVALID: Cannot read "no-values.jsonl", line 1: it has no field "values" (fields: steps). Correct the line, or name another field with --values.',
  },
  {
    what: 'nothing but NaN, empty, too large and fractional sequences',
    args: ['data', 'import', 'all-bad.csv', 'out', '--value-type', 'uint8'],
    code: 3,
    says: 'DATA_INVALID: Cannot write a dataset to "out": none of 4 is left, skipped were 1 contains NaN or Infinity (all-bad.csv:2); 1 empty sequence (all-bad.csv:3); 1 contains a value outside the range of the value type (all-bad.csv:4); 1 contains a value that is not an integer (all-bad.csv:5). Add --value-type float32, which keeps values that are not integers.',
  },
  {
    what: 'two sequences of one id',
    args: ['data', 'import', 'same-id.csv', 'out', '--id', 'id'],
    code: 3,
    says: 'DATA_INVALID: Cannot import: two different sequences have the id "a". Give every sequence an id of its own.',
  },
  {
    what: 'a split of an unknown name',
    args: ['data', 'import', 'split.csv', 'out', '--split', 'split'],
    code: 3,
    says: 'DATA_INVALID: Cannot read "split.csv", line 3: split "eval" is none of train, validation, test. Write train, validation, test (or training, valid, val, dev, testing), or leave the splits out. Did you mean "val"?',
  },
  {
    what: 'two shares',
    args: ['data', 'import', 'good.csv', 'out', '--shares', '0.5,0.5'],
    code: 2,
    says: 'USAGE: Cannot use --shares "0.5,0.5": three numbers from 0 to 1 are wanted. Give the shares of train, validation and test, such as --shares 0.7,0.15,0.15.',
  },
  {
    what: 'shares of more than all',
    args: ['data', 'import', 'good.csv', 'out', '--shares', '0.5,0.5,0.5'],
    code: 2,
    says: 'USAGE: Cannot import: option shares: the three shares do not add up to 1. Correct the option.',
  },
  {
    what: 'a dataset that is there already',
    args: ['data', 'import', 'good.csv', 'data'],
    code: 2,
    says: 'USAGE: Cannot write a dataset to "data": it exists already. Choose another folder, or replace it with --overwrite.',
  },
  {
    what: 'overwriting what is no dataset',
    args: ['data', 'import', 'good.csv', 'folder', '--overwrite'],
    code: 2,
    says: 'USAGE: Cannot overwrite "folder": it holds no manifest.json, so it is not a dataset. Choose another folder, or remove this one yourself.',
  },
  {
    what: 'an unknown symbol map',
    args: ['data', 'import', 'folder', 'out', '--symbol-map', 'text-99'],
    code: 2,
    says: 'USAGE: --symbol-map is "text-99"; allowed: "none", "text-41". Did you mean text-41?',
  },
  {
    what: 'a full disk',
    args: [
      'data',
      'synth',
      'full/out',
      '--count',
      '400',
      '--min-length',
      '900',
      '--max-length',
      '900',
    ],
    code: 5,
    says: /^OUT_OF_RESOURCES: Cannot make 400 synthetic sequences in "full\/out", about 360,000 timesteps: they take \d+\.\d KiB on the disk while they are made, and \d+\.\d KiB are free\. Ask for fewer or shorter sequences, fewer symbols or fewer classes\.$/,
  },
];

const RUNS: readonly Case[] = [
  {
    what: 'a run folder that has a run',
    args: ['train', 'ok.yaml', '--run', 'run'],
    code: 2,
    says: `RUN_EXISTS: "run" already holds a run. Go on with it by "${LOCKSTEP} resume run", or choose another folder with --run.`,
  },
  {
    what: 'a second process in a run folder',
    args: ['resume', 'locked'],
    code: 2,
    says: `RUN_LOCKED: "locked" is in use by process ${process.pid}. Wait until it ends, stop it, or choose another folder with --run.`,
  },
  {
    what: 'a run folder below a file',
    args: ['train', 'ok.yaml', '--run', 'file.txt/run'],
    code: 2,
    says: 'USAGE: Cannot write "file.txt/run": a part of the path is a file, not a folder (ENOTDIR). Choose a folder that you may write to.',
  },
  {
    what: 'resuming what is no run',
    args: ['resume', 'nosuch'],
    code: 2,
    says: 'RUN_NOT_FOUND: "nosuch" is no run\'s folder: there is no such folder. Give the folder that a run was started in, such as runs/<name>.',
  },
  {
    what: 'damaged weights of a phase',
    args: ['evaluate', 'damaged'],
    code: 4,
    says: 'CHECKPOINT_CORRUPT: "damaged/phases/finetune" is damaged: the hash of model.safetensors differs. Use an earlier checkpoint or another copy.',
  },
  {
    what: 'a phase whose manifest is torn',
    args: ['evaluate', 'torn'],
    code: 4,
    says: 'CHECKPOINT_CORRUPT: "torn/phases/finetune" is damaged: manifest.json is not a JSON object. Use an earlier checkpoint or another copy.',
  },
  {
    what: 'a phase that a run does not have',
    args: ['predict', 'run', '--phase', 'nosuch'],
    code: 2,
    says: 'USAGE: The run "two-phases" has no phase "nosuch". Its phases are pretrain, finetune.',
  },
  {
    what: 'classes of a phase that never saw any',
    args: ['predict', 'run', '--phase', 'pretrain'],
    code: 2,
    says: 'USAGE: The weights in "run/phases/pretrain" predict nothing: no phase with an objective that predicts has trained them yet. Let the run go on to phase "finetune", or choose it with --phase.',
  },
  {
    what: 'predictions into a folder that is not there',
    args: ['predict', 'run', '--out', 'nosuch/p.csv'],
    code: 2,
    says: 'USAGE: Cannot write predictions to "nosuch/p.csv": there is no folder "nosuch". Make the folder, or choose another file with --out.',
  },
  {
    what: 'predictions in place of what they are made from',
    args: ['predict', 'run', '--files', 'good.csv', '--out', './good.csv'],
    code: 2,
    says: 'USAGE: Cannot write predictions to "./good.csv": it is what they are made from. Choose another file with --out.',
  },
  {
    what: 'predictions of an unknown format',
    args: ['predict', 'run', '--out', 'p.txt'],
    code: 2,
    says: 'USAGE: Cannot tell the format of "p.txt": its ending is neither .csv nor .jsonl. Give it one of the two, or say --format csv or --format jsonl.',
  },
  {
    what: 'raw files where the training data were made up',
    args: ['predict', 'run', '--files', 'folder'],
    code: 2,
    says: `USAGE: Cannot read raw files as the training data of "run" were read: its dataset "data" does not say how it was imported. Make a dataset of the files with "${LOCKSTEP} data import" and give it by --data.`,
  },
  {
    what: 'predictions of a dataset that is not there',
    args: ['predict', 'run', '--data', 'nosuch'],
    code: 3,
    says: `DATA_NOT_FOUND: Cannot open dataset "nosuch": there is no such folder. Check the path, or make the dataset: "${LOCKSTEP} data import --help".`,
  },
  {
    what: 'a crop of less than nothing',
    args: ['predict', 'run', '--crop=-3'],
    code: 2,
    says: 'USAGE: Cannot crop sequences to -3 timesteps: the number must be an integer from 1. Give --crop a number such as 1024, or leave it out to use whole sequences.',
  },
  {
    what: 'half a crop',
    args: ['evaluate', 'run', '--crop', 'half'],
    code: 2,
    says: `USAGE: --crop is "half"; allowed: a number. ${helpFor('evaluate')}`,
  },
  {
    what: 'a crop of nothing',
    args: ['predict', 'run', '--crop', '0'],
    code: 2,
    says: 'USAGE: Cannot crop sequences to 0 timesteps: the number must be an integer from 1. Give --crop a number such as 1024, or leave it out to use whole sequences.',
  },
];

const OPTIONS: readonly Case[] = [
  {
    what: 'a mistyped command',
    args: ['trian', 'ok.yaml'],
    code: 2,
    says: 'USAGE: There is no command "trian"; the commands are setup, quickstart, train, resume, launch, healthz, debug, evaluate, predict, baselines, rocket, ngram, study, tune, plan-cluster, bench, data, completion. Did you mean "train"?',
  },
  {
    what: 'an option that there is not',
    args: ['train', 'ok.yaml', '--worker', '2'],
    code: 2,
    says: 'USAGE: There is no option --worker here. Did you mean --workers?',
  },
  {
    what: 'a command without its configuration',
    args: ['train'],
    code: 2,
    says: /^USAGE: "train" needs <config>\. Complete configurations: .*configs\/tiny\.yaml\. For example: .* train .*configs\/tiny\.yaml$/,
  },
  {
    what: 'options that contradict each other',
    args: ['predict', 'run', '--files', 'folder', '--data', 'data'],
    code: 2,
    says: 'USAGE: --files and --data exclude each other. Leave one of them out.',
  },
  {
    what: 'no workers',
    args: ['train', 'ok.yaml', '--workers', '0'],
    code: 2,
    says: 'USAGE: Cannot start 0 workers: the number must be an integer from 1 to 1024. Give --workers a number such as 2.',
  },
  {
    what: 'a word for a number',
    args: ['train', 'ok.yaml', '--workers', 'two'],
    code: 2,
    says: `USAGE: --workers is "two"; allowed: a number. ${helpFor('train')}`,
  },
  {
    what: 'an option that lost its value',
    args: ['train', 'ok.yaml', '--workers'],
    code: 2,
    says: `USAGE: --workers needs a value. ${helpFor('train')}`,
  },
  {
    what: 'a GPU that there is not',
    args: ['train', 'ok.yaml', '--gpus', '99'],
    code: 2,
    says: /^DEVICE_ABSENT: Cannot use GPU 99: (nvidia-smi finds no GPU\. Use --workers N for CPU workers|this host has .*\. Name some of those with --gpus)\.$/,
  },
  {
    what: 'a launch that names no scheduler',
    args: ['launch', 'ok.yaml'],
    code: 2,
    says: 'USAGE: Cannot launch the run: no scheduler is named. Give --slurm; docs/cluster.md has the commands for Open MPI and Kubernetes, and "train" starts a run here.',
  },
  {
    what: 'a launch as one job and as several',
    args: ['launch', 'ok.yaml', '--slurm', '--nodes', '2', '--array', '2'],
    code: 2,
    says: 'USAGE: --nodes and --array exclude each other. Leave one of them out.',
  },
  {
    what: 'a launch of a configuration that is wrong',
    args: ['launch', 'ok.yaml', '--slurm', '--set', 'seed=x'],
    code: 2,
    says: /^CONFIG_INVALID: .*seed/,
  },
  {
    what: 'one GPU twice',
    args: ['train', 'ok.yaml', '--gpus', '0,0'],
    code: 2,
    says: 'USAGE: Cannot use --gpus "0,0": GPU 0 is named twice. Give --gpus different ids with commas between them, such as 0,1.',
  },
  {
    what: 'a study that nobody named',
    args: ['study'],
    code: 2,
    says: `USAGE: This would run the packaged grid, configs/study.yaml: 17 runs with 145 trainings of at most 307 million tokens, about 46 minutes of one CPU core. Give --yes to start it, or study your own data: "${LOCKSTEP} study data/mine".`,
  },
  {
    what: 'the grid of a study that is not there',
    args: ['study', 'nosuch.yaml'],
    code: 2,
    says: /^CONFIG_NOT_FOUND: Cannot read the configuration "nosuch\.yaml": there is no such file\. Complete configurations of a study: \S*configs\/study-numbers\.yaml, \S*configs\/study\.yaml\.$/,
  },
  {
    what: 'a study of a file that was not imported',
    args: ['study', 'good.csv'],
    code: 3,
    says: `DATA_NOT_FOUND: Cannot open dataset "good.csv": it is a file. Make a dataset of it, and use that: "${LOCKSTEP} data import good.csv data/good --id id --label label".`,
  },
  {
    what: 'a study whose dataset is given as an option',
    args: ['study', '--data', 'data'],
    code: 2,
    says: `USAGE: There is no option --data here. Name the dataset without it: "${LOCKSTEP} study data".`,
  },
  {
    what: 'a study in no time',
    args: ['study', 'data', '--minutes', '0'],
    code: 2,
    says: 'USAGE: Cannot size the study to 0 minutes: the number must be above 0. Give --minutes a number such as 20.',
  },
];

let runs = 0;
/** Each new run has a folder of its own. */
function withOwnRun([command = '', ...rest]: readonly string[]): readonly string[] {
  const isNew = command === 'train' && rest.length > 0 && !rest.includes('--run');
  return isNew ? [command, '--run', `new-${runs++}`, ...rest] : [command, ...rest];
}

describe('bad input', () => {
  const place = new Workplace();
  const answerer = place.answerer();
  const prepare = async (...args: readonly string[]) => {
    const { code, stderr } = await place.run(...args);
    assert.equal(code, 0, stderr);
  };
  let canFillDisk = false;
  let tree: string[] = [];
  const listing = () => (readdirSync(place.folder, { recursive: true }) as string[]).sort();

  before(async () => {
    for (const folder of ['folder', 'full']) mkdirSync(place.path(folder));
    for (const [name, content] of Object.entries(FILES)) writeFileSync(place.path(name), content);
    const steps = (phase: string) => [
      ...['--set', `phases.${phase}.duration={steps: 2}`],
      ...['--set', `phases.${phase}.learningRate.warmupSteps=1`],
    ];
    await prepare('train', 'ok.yaml', '--run', 'run', ...steps('pretrain'), ...steps('finetune'));
    const table = ['--id', 'id', '--label', 'kind', '--shares', '0,0,1'];
    await prepare('data', 'import', 'unknown-class.csv', 'unknown-class', ...table);
    await prepare('data', 'import', 'large.csv', 'large', ...table);
    await prepare('data', 'import', 'good.csv', 'real', '--value-type', 'float32');
    for (const copy of ['truncated', 'changed', 'manifest', 'later']) {
      cpSync(place.path('data'), place.path(copy), { recursive: true });
    }
    truncateSync(place.path('truncated', 'version-1', 'index.bin'), 100);
    change(place.path('changed', 'version-1', 'sequences-00000.arrow'));
    writeFileSync(place.path('manifest', 'manifest.json'), '{');
    const later = readFileSync(place.path('later', 'manifest.json'), 'utf8');
    writeFileSync(
      place.path('later', 'manifest.json'),
      later.replace(/"formatVersion": \d+/, '"formatVersion": 99'),
    );
    for (const copy of ['damaged', 'torn', 'locked']) {
      cpSync(place.path('run'), place.path(copy), { recursive: true });
    }
    change(place.path('damaged', 'phases', 'finetune', 'model.safetensors'));
    writeFileSync(place.path('torn', 'phases', 'finetune', 'manifest.json'), '{');
    rmSync(place.path('locked', 'exit.json')); // A run that is done is answered without its lock.
    lockFolder(place.path('locked'));
    const mount = ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', place.path('full')];
    canFillDisk = spawnSync('mount', mount).status === 0;
    tree = listing();
  });
  after(() => {
    answerer.close();
    if (canFillDisk) spawnSync('umount', [place.path('full')]);
    place.remove();
  });

  const groups = { CONFIGURATION, DATA_OF_RUNS, IMPORT, RUNS, OPTIONS };
  for (const { what, args, code, says } of Object.values(groups).flat()) {
    it(`is answered: ${what}`, async (test) => {
      if (what === 'a full disk' && !canFillDisk) {
        test.skip('mounting a small tmpfs needs root');
        return;
      }
      const ended = await answerer.answer(...withOwnRun(args));
      const said = ended.stderr.trimEnd();
      if (typeof says === 'string') assert.equal(said, says);
      else assert.match(said, says);
      assert.equal(ended.code, code);
      assert.equal(ended.stdout, '');
    });
  }

  it('is answered: a port in use', async () => {
    const handlers = { onFrame: () => {}, onSendFailure: () => {} };
    const gate = await Gate.open(null, () => {});
    const first = await openControlServer('tcp://127.0.0.1:*', handlers, gate);
    try {
      await assert.rejects(openControlServer(first.endpoint, handlers, gate), (thrown) => {
        const error = asLockstepError(thrown);
        assert.equal(
          error.toLine(),
          `PORT_IN_USE: Cannot listen on ${first.endpoint}: Address already in use. Choose a free port, or ":*" for any.`,
        );
        assert.equal(error.exitCode, 2);
        return true;
      });
    } finally {
      first.close();
      await gate.close();
    }
  });

  it('leaves nothing behind', () => {
    assert.deepEqual(listing(), tree);
  });
});

/** Changes a few bytes in the middle of a file. */
function change(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0x58, bytes.length >> 1, (bytes.length >> 1) + 4);
  writeFileSync(path, bytes);
}
