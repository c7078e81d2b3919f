/** Where progress is written. */
export interface Screen {
  readonly isTerminal: boolean;
  /** Asked for each time, so that a terminal may change its size. */
  readonly columns: number;
  write(text: string): void;
}
