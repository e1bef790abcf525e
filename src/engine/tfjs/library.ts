/** The part of tfjs that both engines compute with. */
export type TfjsLibrary = typeof import('@tensorflow/tfjs-core');
