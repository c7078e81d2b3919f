/** A sandbox whose `nft` waits before it commits rules: enforcement that is slow, or that stands still. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { ClusterProvider } from '../../src/cluster/cluster.ts';
import { sandboxCluster } from '../../src/cluster/sandbox.ts';
import { findTools, searchPath } from '../../src/sandbox/host.ts';

/** Each commit takes so long. */
export function withSlowRules(seconds: number): ClusterProvider {
  return withRulesAfter(() => `sleep ${seconds}`).provider;
}

/** Rules stay as they are from `freeze` to `thaw`; what came meanwhile is committed then. */
export function withFreezingRules(): {
  readonly provider: ClusterProvider;
  freeze(): void;
  thaw(): void;
} {
  const { provider, folder } = withRulesAfter((own) => `while [ -e ${own}/frozen ]; do sleep 0.05; done`);
  const mark = join(folder, 'frozen');
  return {
    provider,
    freeze: () => writeFileSync(mark, ''),
    thaw: () => rmSync(mark, { force: true }),
  };
}

/** @param waiting a line of shell, given the folder that is its own */
function withRulesAfter(waiting: (folder: string) => string): {
  readonly provider: ClusterProvider;
  readonly folder: string;
} {
  const inner = sandboxCluster({ nodes: 2, enforcement: 'on' });
  const folder = mkdtempSync(join(tmpdir(), 'podreach-slow-'));
  const provider: ClusterProvider = {
    kind: 'sandbox',
    async start(options) {
      const found = findTools(searchPath(process.env['PATH']));
      if (found.kind !== 'complete') throw new Error('the tools of the sandbox are missing');
      // What only prepares the change does not wait.
      const script = `#!/bin/sh
rules=$(cat)
case $rules in *'flush chain'*) ${waiting(folder)} ;; esac
printf '%s\\n' "$rules" | ${found.tools.nft} "$@"
`;
      writeFileSync(join(folder, 'nft'), script);
      chmodSync(join(folder, 'nft'), 0o755);
      chmodSync(folder, 0o755);
      const before = process.env['PATH'];
      process.env['PATH'] = [folder, before].join(delimiter);
      try {
        const cluster = await inner.start(options);
        return {
          ...cluster,
          async stop() {
            rmSync(join(folder, 'frozen'), { force: true });
            await cluster.stop();
            rmSync(folder, { recursive: true });
          },
        };
      } finally {
        process.env['PATH'] = before;
      }
    },
  };
  return { provider, folder };
}
