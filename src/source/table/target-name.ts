/** Names that columns of classes and targets have. As a value such a column would tell the model what it is to find out. */
const TARGET = /^(class|classes|class_?name|label|labels|target|targets|split)$/i;

export const isTargetName = (name: string): boolean => TARGET.test(name.trim());
