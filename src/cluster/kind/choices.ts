/** What can be chosen for a kind cluster. Loaded with the command line's help, so it loads nothing else. */

export const DEFAULT_CLUSTER_NAME = 'podreach';

/** The SHA-256 of `manifests/calico.yaml` in the tag of each release that podreach installs by its version. */
export const CALICO_PINS: Readonly<Record<string, string>> = {
  'v3.32.1': 'a1df919d9721cf667accdc3e72848911b0cb25cfab7d2478ad0c996302c95744',
  'v3.31.7': 'd6d8a489a4ed8e5b8efd8b339047b496ca657b55ee2e3618e791507b0a853e8d',
};
export const DEFAULT_CALICO_VERSION = 'v3.32.1';

/** What the user asked for. */
export type CalicoSource =
  /** A release of {@link CALICO_PINS}. */
  | { readonly type: 'version'; readonly version: string }
  /** A file, or a URL that begins with `http://` or `https://`. Not checked: the user vouches for it. */
  | { readonly type: 'manifest'; readonly from: string };

/** How Calico carries packets from node to node. A kernel without the module for one of them needs another. */
export const ENCAPSULATIONS = ['ipip', 'vxlan', 'none'] as const;
export type Encapsulation = (typeof ENCAPSULATIONS)[number];
