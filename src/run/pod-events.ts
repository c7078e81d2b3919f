/** What a cluster says about a pod beside its status: the newest warning among its events that tells more. */
import type { KubeObject } from '../kube/kube.ts';
import type { Requesting } from './context.ts';

/** As much of a core/v1 Event as podreach reads. */
interface EventFields {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
}

/** Events are for people who wait: a cluster that does not give them is not asked for long. */
const EVENTS_TIMEOUT_MS = 5_000;
const LONGEST_MESSAGE = 400;

/**
 * The newest warning about a pod, such as `FailedCreatePodSandBox: failed to set up network …`; undefined where there is none, or
 * where the user may not see events.
 * @param key `namespace/name`
 */
export async function newestWarning(
  key: string,
  { kube, signal }: Requesting<'list'>,
): Promise<string | undefined> {
  const [namespace = '', name = ''] = key.split('/');
  try {
    const events = await kube.list(
      {
        resource: 'events',
        namespace,
        fieldSelector: `involvedObject.kind=Pod,involvedObject.name=${name}`,
      },
      { signal, answerMs: EVENTS_TIMEOUT_MS, outageMs: 0 },
    );
    return describeNewest(events);
  } catch {
    // Only a help: whatever stands in the way of it is not what the run fails on.
    return undefined;
  }
}

function describeNewest(events: readonly KubeObject[]): string | undefined {
  // Objects of the API: each field is read as optional.
  const warnings = (events as readonly (KubeObject & EventFields)[])
    .filter(tellsWhy)
    .toSorted((left, right) => timeOf(left).localeCompare(timeOf(right)));
  const newest = warnings.at(-1);
  if (newest === undefined) return undefined;
  const words = `${newest.reason ?? 'Warning'}: ${newest.message ?? ''}`.replaceAll(/\s+/g, ' ').trim();
  return words.length > LONGEST_MESSAGE ? `${words.slice(0, LONGEST_MESSAGE)}…` : words;
}

/** Of an image that is not there a kubelet says why in one event, and in the next only `Error: ImagePullBackOff`. */
function tellsWhy({ type, message = '' }: EventFields): boolean {
  return type === 'Warning' && !/^Error: \w+$/.test(message);
}

/**
 * A warning in parentheses, ready to follow the reason that a status gives; empty where there is none, or where one of them says
 * what the other does.
 */
export function inAddition(reason: string, warning: string | undefined): string {
  if (warning === undefined) return '';
  const [known, news] = [withoutName(reason), withoutName(warning)];
  return known.includes(news) || (known !== '' && news.includes(known)) ? '' : ` (${warning})`;
}

/** `Evicted: The node was low on resource` without its first word. */
function withoutName(words: string): string {
  return words.replace(/^\w+(: |$)/, '');
}

/** Newer components fill in `eventTime`, older ones `lastTimestamp`; both sort as text. */
function timeOf({ lastTimestamp, eventTime }: EventFields): string {
  return lastTimestamp ?? eventTime ?? '';
}
