/** What the version of a sandbox ends with, and that of no other cluster. */
export const VERSION_SUFFIX = '-podreach';

/** The version that the sandbox's API server and its nodes tell. */
export const VERSION = `v1.36.0${VERSION_SUFFIX}`;
