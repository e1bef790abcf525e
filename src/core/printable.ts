/** Text from a file, another process or a peer, made safe for a terminal and a log. */

const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}]/gu;

/**
 * Control characters, which could move the cursor or recolour what stands there, and marks that turn the
 * direction of text become `\xNN` or `\uNNNN`; line breaks and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (character === '\n' || character === '\t') return character;
    const code = character.codePointAt(0)!.toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
  });
}
