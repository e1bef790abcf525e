/** The part of tfjs with which all engines compute. */
export type TfjsLibrary = typeof import('@tensorflow/tfjs-core');
