import { expect, test } from 'vitest';
import { malformed, statusOf } from '../../../src/sandbox/probes/response.ts';

test.each([
  ['', 'incomplete'],
  ['HTTP/1.1 20', 'incomplete'],
  ['HTTP/1.1 200 OK\r\nServer: x\r\n', 'incomplete'],
  ['HTTP/1.1 200 OK\r\n\r\n', 200],
  ['HTTP/1.0 302 Found\r\nLocation: /x\r\n\r\nbody', 302],
  ['HTTP/1.1 404\r\n\r\n', 404],
  ['HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n', 'incomplete'],
  ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Unavailable\r\n\r\n', 503],
  ['SSH-2.0-OpenSSH\r\n', 'malformed'],
  ['HTTP/2 200\r\n\r\n', 'malformed'],
  ['HTTP/1.1 2000 OK\r\n\r\n', 'malformed'],
])('%j is %s', (text, status) => {
  expect(statusOf(text)).toBe(status);
});

test('what is no HTTP is quoted, not too much of it', () => {
  expect(malformed(`SSH-2.0-"x"${'y'.repeat(200)}\r\nmore`)).toBe(
    `net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0-\\"x\\"${'y'.repeat(89)}"`,
  );
});
