/** A file of a folder itself: no manifest leads anywhere else, whoever wrote it. */
export const PLAIN_FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
