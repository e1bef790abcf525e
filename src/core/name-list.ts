import { printable } from './printable.ts';

const LONGEST_NAME = 60;

/** A list of names in a message: the first of them, and how many more there are. Long names lose their ends. */
export function listNames(names: readonly string[], most = 10): string {
  const shown = (some: readonly string[]) => some.map((name) => shownName(name)).join(', ');
  if (names.length <= most + 1) return shown(names);
  return `${shown(names.slice(0, most))}, … and ${names.length - most} more`;
}

/** A name from a file, on one line of a terminal: without control characters, and with at most so many characters. */
export function shownName(name: string, most = LONGEST_NAME): string {
  const text = printable(name.slice(0, most + 1).replace(/[\r\n\t]+/g, ' '));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
