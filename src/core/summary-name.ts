/** Words that spreadsheets write in a last row of sums or means. Pure. */

const WORD =
  /^(grand |sub|sub-)?(total|totals|totale)$|^(sum|mean|average|avg\.?|median|summe|gesamt|gesamtsumme|mittelwert|durchschnitt|somme|moyenne|suma|promedio|media|totaal|gemiddelde)$/i;

/** Whether a name stands for all rows together. */
export const isSummaryName = (name: string): boolean => WORD.test(name.trim().replace(/:$/, ''));
