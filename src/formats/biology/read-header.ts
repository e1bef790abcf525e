/** The header of a sequence: its id, and its class where a pattern finds one. It is never a value. */
import { LockstepError } from '../../core/errors.ts';
import { sourceError } from '../../source/file/source-error.ts';

/** What a header says. */
export interface Header {
  /** Its first word; undefined for an empty header. */
  readonly id: string | undefined;
  readonly label: string | undefined;
}

/** Reads headers, and notices when no pattern ever fits. */
export class HeaderReader {
  readonly #path: string;
  readonly #pattern: RegExp | undefined;
  #hasMatched = false;
  #first: string | undefined;

  /** @throws LockstepError USAGE for a pattern that is no regular expression */
  constructor(path: string, pattern: string | undefined) {
    this.#path = path;
    this.#pattern = pattern === undefined ? undefined : compile(pattern);
  }

  /**
   * @param bytes the line without its mark
   * @throws LockstepError DATA_INVALID for a header that is not UTF-8
   */
  read(bytes: Buffer): Header {
    const text = bytes.toString().trim();
    if (text.includes('\uFFFD')) {
      throw sourceError(this.#path, `the header "${text.slice(0, 40)}" is not valid UTF-8`);
    }
    this.#first ??= text;
    return { id: /^\S+/.exec(text)?.[0], label: this.#labelOf(text) };
  }

  #labelOf(text: string): string | undefined {
    const found = this.#pattern?.exec(text);
    if (!found) return undefined;
    this.#hasMatched = true;
    return found.groups?.label ?? found[1] ?? found[0];
  }

  /** @throws LockstepError DATA_INVALID if there were headers and the pattern fitted none */
  end(): void {
    if (this.#pattern === undefined || this.#hasMatched || this.#first === undefined) return;
    throw sourceError(
      this.#path,
      `no header fits --label-pattern ${this.#pattern.source} (the first is "${this.#first.slice(0, 80)}")`,
      {
        advice:
          'Correct the pattern: what stands in its brackets is the class, as in "class=(\\w+)".',
      },
    );
  }
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch (cause) {
    throw new LockstepError(
      'USAGE',
      `--label-pattern is no regular expression: ${(cause as Error).message}.`,
      'Write it as in "class=(\\w+)": what stands in its brackets is the class.',
      { cause },
    );
  }
}
