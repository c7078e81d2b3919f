/**
 * The results of works that go on side by side, when the last has ended: none is left alone where another fails.
 * @throws what the first of them, in their order, has failed with
 */
export async function allEnded<const Works extends readonly Promise<unknown>[]>(
  works: Works,
): Promise<{ -readonly [Index in keyof Works]: Awaited<Works[Index]> }> {
  await Promise.allSettled(works);
  return await Promise.all(works);
}
