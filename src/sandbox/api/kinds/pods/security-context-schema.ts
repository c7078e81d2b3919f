/** The schemas of security contexts, in full: the sandbox does nothing that they ask for, but a misspelt field is found. */
import { bool, int64, listOf, named, string, struct } from '../../schema/schema.ts';

const profile = (name: 'SeccompProfile' | 'AppArmorProfile') =>
  struct(name, { type: named(`v1.${name}Type`), localhostProfile: string });

/** What a pod and a container may both say. */
const shared = {
  seLinuxOptions: struct('SELinuxOptions', { user: string, role: string, type: string, level: string }),
  windowsOptions: struct('WindowsSecurityContextOptions', {
    gmsaCredentialSpecName: string,
    gmsaCredentialSpec: string,
    runAsUserName: string,
    hostProcess: bool,
  }),
  runAsUser: int64,
  runAsGroup: int64,
  runAsNonRoot: bool,
  seccompProfile: profile('SeccompProfile'),
  appArmorProfile: profile('AppArmorProfile'),
} as const;

const capabilities = listOf(named('v1.Capability'));

export const securityContext = struct('SecurityContext', {
  ...shared,
  capabilities: struct('Capabilities', { add: capabilities, drop: capabilities }),
  privileged: bool,
  readOnlyRootFilesystem: bool,
  allowPrivilegeEscalation: bool,
  procMount: named('v1.ProcMountType'),
});

export const podSecurityContext = struct('PodSecurityContext', {
  ...shared,
  supplementalGroups: listOf(int64),
  supplementalGroupsPolicy: named('v1.SupplementalGroupsPolicy'),
  fsGroup: int64,
  sysctls: listOf(struct('Sysctl', { name: string, value: string })),
  fsGroupChangePolicy: named('v1.PodFSGroupChangePolicy'),
  seLinuxChangePolicy: named('v1.PodSELinuxChangePolicy'),
});
