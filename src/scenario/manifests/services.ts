/** Services among manifests, to be held against the workloads. */
import { isMapping } from '../source.ts';
import type { ManifestDocument } from './document.ts';
import { listAt, valueAt } from './fields.ts';
import type { FoundService, FoundServicePort } from './inventory.ts';

/** What of a Service is not as the API wants it is left out: the API server will say so. */
export function readService(
  { value, at }: ManifestDocument,
  place: { readonly namespace: string; readonly name: string },
): FoundService {
  const selector = valueAt(value, ['spec', 'selector']);
  const labels = isMapping(selector) ? Object.entries(selector) : [];
  return {
    ...place,
    ...(labels.length === 0
      ? {}
      : { selector: Object.fromEntries(labels.map(([key, label]) => [key, String(label)])) }),
    ports: listAt(value, ['spec', 'ports']).flatMap((written, index): readonly FoundServicePort[] => {
      if (!isMapping(written)) return [];
      const { name, port, protocol, targetPort = port } = written;
      if (typeof port !== 'number') return [];
      return [
        {
          ...(typeof name === 'string' ? { name } : {}),
          port,
          protocol: typeof protocol === 'string' ? protocol : 'TCP',
          targetPort: typeof targetPort === 'string' || typeof targetPort === 'number' ? targetPort : port,
          location: at(['spec', 'ports', index]).location,
        },
      ];
    }),
    location: at([]).location,
  };
}
