/** How fast Lockstep imports files of several formats, beside readers of Python. */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { importers } from '../../importer/registry.ts';
import { pythonProgram } from '../contender.ts';
import type { ImportAnswer } from './import-program.ts';
import { MADE_FORMATS, type MadeFormat } from './made-files.ts';
import { askProgram, askPython } from './run-program.ts';

/** One format. */
export interface ImportRow extends ImportAnswer {
  readonly format: string;
  readonly sizeBytes: number;
  /** What Python reads the file with; absent without a Python that has it. */
  readonly peer?: { readonly reader: string; readonly seconds: number } | undefined;
}

export interface ImportBenchOptions {
  /** A folder for the files. */
  readonly root: string;
  readonly sizeBytes: number;
  readonly python: string | undefined;
}

/** Formats that no importer takes are left out. */
export async function* benchImports(options: ImportBenchOptions): AsyncGenerator<ImportRow> {
  const folder = join(options.root, 'files');
  mkdirSync(folder);
  for (const made of MADE_FORMATS) {
    if (!importers.kinds().includes(made.kind)) continue;
    const source = join(folder, made.file);
    await made.make(source, options.sizeBytes);
    yield await timeFormat(source, made, options);
    rmSync(source);
  }
}

async function timeFormat(
  source: string,
  { format, file, options }: MadeFormat,
  { root, python }: ImportBenchOptions,
): Promise<ImportRow> {
  const store = join(root, 'imported');
  const program = new URL('./import-program.ts', import.meta.url);
  const answer = await askProgram<ImportAnswer>(program, { source, store, options });
  const args = [pythonProgram('./data/data_peer.py'), file, source];
  const peer = await askPython<{ reader: string; seconds: number }>(python, args);
  return { format, sizeBytes: statSync(source).size, ...answer, peer };
}
