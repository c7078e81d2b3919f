/** Standard input among files. */

/** What stands for it as an argument. A file of this name is `./-`. */
export const INPUT_ARGUMENT = '-';

/** What messages and records call it in place of a file. */
export const STANDARD_INPUT = '<stdin>';
