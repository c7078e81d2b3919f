/** The family of the address that is dialled. */
export type Family = 'IPv4';
