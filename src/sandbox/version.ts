/** The version that the sandbox's API server and its nodes tell. */
export const VERSION = 'v1.36.0-podreach';
