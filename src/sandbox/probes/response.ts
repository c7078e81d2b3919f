/** Reads as much of an HTTP response as a probe looks at: its status. */

/**
 * The status of a response, once its header has ended.
 * @param text what has come so far, in Latin-1
 */
export function statusOf(text: string): number | 'incomplete' | 'malformed' {
  const lineEnd = text.indexOf('\n');
  if (lineEnd === -1) return 'incomplete';
  const [, code] = /^HTTP\/1\.\d (\d{3})(?:\s|$)/.exec(text.slice(0, lineEnd)) ?? [];
  if (code === undefined) return 'malformed';
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return 'incomplete';
  const status = Number(code);
  // What only announces a response, such as 103 Early Hints, is not it.
  return status < 200 && status !== 101 ? statusOf(text.slice(end + 4)) : status;
}

/** Go's words for what came instead of a response. */
export function malformed(text: string): string {
  const [line = ''] = text.split(/\r?\n/, 1);
  return `net/http: HTTP/1.x transport connection broken: malformed HTTP response ${JSON.stringify(line.slice(0, 100))}`;
}
