/** The header of a .ts file: lines that begin with @, up to @data. */

/** What a .ts file holds behind its header. */
export interface TsHeader {
  /** What the last field of a line is. */
  readonly last: 'class' | 'target' | 'values';
  /** The names that the header lists; empty if it lists none. */
  readonly classes: ReadonlySet<string>;
  /** Fields of values in a line; absent: the first line says it. */
  readonly dimensions: number | undefined;
  /** Whether each value has a time. */
  readonly hasTimes: boolean;
  /** Timesteps of every sequence; `first`: as many as the first one has. Absent: each has its own number. */
  readonly length: number | 'first' | undefined;
}

/** Reads the header line by line. */
export class TsHeaderReader {
  readonly #directives = new Map<string, readonly string[]>();

  /**
   * @returns the header, once @data has come
   * @throws Error for a line that is no directive, or a header that lacks what it needs
   */
  add(line: string): TsHeader | undefined {
    const [name = '', ...words] = line.trim().split(/\s+/);
    const directive = name.toLowerCase();
    if (!directive.startsWith('@')) throw new Error('there is no @data before it');
    if (directive === '@data') return this.#header();
    this.#directives.set(directive, words);
    return undefined;
  }

  #header(): TsHeader {
    const classes = this.#isTrue('@classlabel');
    const isTarget = this.#isTrue('@targetlabel');
    if (classes === undefined && isTarget === undefined) {
      throw new Error('its header has neither @classLabel nor @targetLabel');
    }
    return {
      last: classes ? 'class' : isTarget ? 'target' : 'values',
      classes: new Set(this.#directives.get('@classlabel')?.slice(1)),
      dimensions: this.#dimensions(),
      hasTimes: this.#isTrue('@timestamps') ?? false,
      length: this.#length(),
    };
  }

  #isTrue(directive: string): boolean | undefined {
    const [word] = this.#directives.get(directive) ?? [];
    if (word === undefined) return undefined;
    if (/^(true|false)$/i.test(word)) return word.toLowerCase() === 'true';
    throw new Error(`${directive} is neither true nor false`);
  }

  #length(): number | 'first' | undefined {
    if (!this.#isTrue('@equallength')) return undefined;
    const count = Number(this.#directives.get('@serieslength')?.[0]);
    return Number.isInteger(count) && count > 0 ? count : 'first';
  }

  #dimensions(): number | undefined {
    if (this.#isTrue('@univariate')) return 1;
    const words = this.#directives.get('@dimensions') ?? this.#directives.get('@dimension');
    if (words === undefined) return undefined;
    const count = Number(words[0]);
    if (Number.isInteger(count) && count > 0) return count;
    throw new Error(`@dimensions is "${words[0] ?? ''}", no whole number`);
  }
}
