/** Names that columns of classes and targets have. As a value such a column would tell the model what it is to find out. */
const TARGET = /^(class|classes|class_?name|label|labels|target|targets|split)$/i;

export const isTargetName = (name: string): boolean => TARGET.test(name.trim());

/** Ends in the word id: `id`, `patient_id`, `patientId`, but not `humid`. */
export const isIdName = (name: string): boolean =>
  /(^|[^a-z])id$/i.test(name.trim()) || /[a-z]I[dD]$/.test(name.trim());

/** What pandas, R and Spark call row numbers that a file has as a column. */
const ROW_NUMBER = /^(unnamed: \d+|index|level_\d+|row_?names?|row_?(number|num|nr)|\.\.\.\d+)$/i;

export const isRowNumberName = (name: string): boolean => ROW_NUMBER.test(name.trim());
