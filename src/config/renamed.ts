/** Words of earlier configurations that have another name now. */

/** By key, the old word and the new one. */
const RENAMED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'model.family': { ngram: 'latent-grams' },
};

/** ` It is called "x" now.` with a leading space; nothing for a word that never had another name. */
export function calledNow(key: string, word: string): string {
  const now = RENAMED[key]?.[word];
  return now === undefined ? '' : ` It is called "${now}" now.`;
}
