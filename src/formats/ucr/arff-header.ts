/** The header of an .arff file: its attributes, up to @data. */
import { quotedWord, splitArff } from './arff-tokens.ts';

/** A column. */
export interface ArffAttribute {
  readonly name: string;
  /** `relational`: several channels in one quoted word. */
  readonly type: 'number' | 'class' | 'text' | 'relational';
  /** Of type `class`: the names that may stand in it. */
  readonly classes: ReadonlySet<string>;
}

const TYPES: Readonly<Record<string, ArffAttribute['type']>> = {
  numeric: 'number',
  real: 'number',
  integer: 'number',
  string: 'text',
  date: 'text',
  relational: 'relational',
};

/** Reads the header line by line. */
export class ArffHeaderReader {
  readonly #attributes: ArffAttribute[] = [];
  /** The relational attribute whose own attributes are listed now. */
  #open: string | undefined;

  /**
   * @returns the attributes, once @data has come
   * @throws Error for a line that is no declaration
   */
  add(line: string): readonly ArffAttribute[] | undefined {
    const [, keyword = '', rest = ''] = /^@(\S+)\s*(.*)$/.exec(line.trim()) ?? [];
    switch (keyword.toLowerCase()) {
      case 'relation':
        return undefined;
      case 'attribute':
        this.#declare(rest);
        return undefined;
      case 'end':
        this.#open = undefined;
        return undefined;
      case 'data':
        return this.#attributes;
      default:
        throw new Error('there is no @data before it');
    }
  }

  #declare(text: string): void {
    const { name, rest } = nameOf(text);
    if (this.#open !== undefined) return;
    const attribute = attributeOf(name, rest);
    if (attribute.type === 'relational') this.#open = name;
    if (this.#attributes.some((other) => other.name === name)) {
      throw new Error(`two attributes are called "${name}"`);
    }
    this.#attributes.push(attribute);
  }
}

function nameOf(text: string): { name: string; rest: string } {
  if (text.startsWith("'") || text.startsWith('"')) {
    const { text: name, end } = quotedWord(text, 0);
    return { name, rest: text.slice(end).trim() };
  }
  const [name = ''] = text.split(/[\s{]/, 1);
  return { name, rest: text.slice(name.length).trim() };
}

function attributeOf(name: string, rest: string): ArffAttribute {
  if (rest.startsWith('{')) {
    if (!rest.endsWith('}')) throw new Error(`the classes of "${name}" have no end`);
    const words = splitArff(rest.slice(1, -1)).map(({ text }) => text);
    return { name, type: 'class', classes: new Set(words) };
  }
  const [word = ''] = rest.split(/\s/, 1);
  const type = TYPES[word.toLowerCase()];
  if (type !== undefined) return { name, type, classes: new Set() };
  throw new Error(`the attribute "${name}" has the unknown type "${word}"`);
}
