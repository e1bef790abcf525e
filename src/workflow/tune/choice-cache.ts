/** Remembers the choices of formulations on this machine, so that the next start makes the same. */
import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { formulationsSection, tunedSection } from '../../config/engine-section.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import { sha256 } from '../../core/hash.ts';
import { makeOwnFolder, readOwnFile } from '../../core/own-files.ts';
import { removeFileQuietly } from '../../core/remove-quietly.ts';
import { systemErrorCode } from '../../core/system-error.ts';
import type { TuneKey } from './tune-key.ts';

const choiceSchema = z.strictObject({ formulations: formulationsSection, tuned: tunedSection });

/** A choice and its timings, as a configuration holds them. */
export type Choice = z.output<typeof choiceSchema>;

type Say = (sentence: string) => void;

/** One file for each key. A file that holds no valid choice counts as absent. */
export class ChoiceCache {
  readonly #folder: string;
  readonly #say: Say;

  constructor(folder: string, say: Say) {
    this.#folder = folder;
    this.#say = say;
  }

  find(key: TuneKey): Choice | undefined {
    const path = this.#pathOf(key);
    try {
      const { choice } = z.object({ choice: choiceSchema }).parse(JSON.parse(readOwnFile(path)));
      return choice;
    } catch (thrown) {
      if (!['ENOENT', 'ENOTDIR'].includes(systemErrorCode(thrown) ?? '')) {
        this.#say(`${path} holds no choice of formulations that can be read: it is ignored.`);
      }
      return undefined;
    }
  }

  /**
   * Stores a choice unless another process has stored one in the meantime.
   * @returns the stored choice
   */
  add(key: TuneKey, choice: Choice): Choice {
    try {
      this.#write(key, choice, (temporary, path) => {
        linkSync(temporary, path);
        rmSync(temporary);
      });
      return choice;
    } catch (thrown) {
      const first = systemErrorCode(thrown) === 'EEXIST' ? this.find(key) : undefined;
      if (first !== undefined) return first;
      this.replace(key, choice);
      return choice;
    }
  }

  /** Stores a choice, also over an earlier one. */
  replace(key: TuneKey, choice: Choice): void {
    try {
      this.#write(key, choice, renameSync);
    } catch (thrown) {
      const reason = systemErrorCode(thrown) ?? String(thrown);
      this.#say(
        `The choice of formulations is not kept for later runs (${this.#folder}: ${reason}).`,
      );
    }
  }

  #write(key: TuneKey, choice: Choice, giveName: (temporary: string, path: string) => void): void {
    makeOwnFolder(this.#folder);
    const path = this.#pathOf(key);
    const temporary = `${path}.${process.pid}.tmp`;
    rmSync(temporary, { force: true });
    try {
      writeFileSync(temporary, `${JSON.stringify({ key, choice }, null, 2)}\n`, {
        flag: 'wx',
        mode: 0o600,
      });
      giveName(temporary, path);
    } catch (thrown) {
      removeFileQuietly(temporary);
      throw thrown;
    }
  }

  #pathOf(key: TuneKey): string {
    return join(this.#folder, `formulations-${sha256(canonicalJson(key)).slice(0, 16)}.json`);
  }
}
