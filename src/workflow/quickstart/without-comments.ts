/** Source text without its comments. */

/** C's, and that of the languages like it; Python's, with the strings that document. */
export type CommentStyle = 'c' | 'python';

const COMMENTS: Readonly<Record<CommentStyle, RegExp>> = {
  c: /\/\*[\s\S]*?\*\/|\/\/.*/g,
  python: /"""[\s\S]*?"""|'''[\s\S]*?'''|#.*/g,
};

/** Cuts what looks like a comment, also inside of strings, and the lines that it leaves empty. */
export const withoutComments = (text: string, style: CommentStyle): string =>
  text.replace(COMMENTS[style], '').replace(/\n\s*\n+/g, '\n');
