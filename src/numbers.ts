/** The ends of however many numbers: a call such as `Math.max(...numbers)` takes only so many arguments. */

/** Infinity where there are none. */
export function least(numbers: readonly number[]): number {
  return numbers.reduce((smallest, number) => Math.min(smallest, number), Number.POSITIVE_INFINITY);
}

/** Minus infinity where there are none. */
export function greatest(numbers: readonly number[]): number {
  return numbers.reduce((largest, number) => Math.max(largest, number), Number.NEGATIVE_INFINITY);
}
