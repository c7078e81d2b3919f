/** Times as the Kubernetes API writes them, and as `kubectl get` shows them. */

/** RFC 3339 in UTC with whole seconds, as in `metadata.creationTimestamp`. */
export function timestampOf(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** Units with the age (in seconds) up to which they are shown, and the smaller unit that is shown beside them until `fine`. */
const UNITS = [
  { until: 2 * MINUTE, size: 1, suffix: 's' },
  { until: 3 * HOUR, size: MINUTE, suffix: 'm', fine: { until: 10 * MINUTE, size: 1, suffix: 's' } },
  { until: 2 * DAY, size: HOUR, suffix: 'h', fine: { until: 8 * HOUR, size: MINUTE, suffix: 'm' } },
  { until: 2 * YEAR, size: DAY, suffix: 'd', fine: { until: 8 * DAY, size: HOUR, suffix: 'h' } },
  {
    until: Number.POSITIVE_INFINITY,
    size: YEAR,
    suffix: 'y',
    fine: { until: 8 * YEAR, size: DAY, suffix: 'd' },
  },
] as const;

/** The age of a timestamp in the short form of `kubectl get`: `12s`, `5m3s`, `47h`. */
export function ageOf(timestamp: string | undefined, now: Date): string {
  if (timestamp === undefined) return '<unknown>';
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(timestamp)) / 1000));
  for (const unit of UNITS) {
    if (seconds >= unit.until) continue;
    const whole = `${Math.floor(seconds / unit.size)}${unit.suffix}`;
    if (!('fine' in unit) || seconds >= unit.fine.until) return whole;
    const rest = Math.floor((seconds % unit.size) / unit.fine.size);
    return rest === 0 ? whole : `${whole}${rest}${unit.fine.suffix}`;
  }
  return '<unknown>';
}
