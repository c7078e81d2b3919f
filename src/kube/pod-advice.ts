/** What to do about a pod that does not run, by the reasons and the words that clusters have for it. */

export interface Advice {
  /** Whether waiting may help. */
  readonly heals: boolean;
  readonly hint?: string;
}

/** Reasons of a container runtime or a registry that has not brought the image. */
const PULLING = new Set(['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable', 'ImageInspectError']);
/** What registries say of an image to somebody whom they do not know; some say the same of one that does not exist. */
const DENIED =
  /pull access denied|requested access to the resource is denied|authorization failed|unauthorized|\b40[13]\b/i;
const NOTHING_TO_PULL =
  /not found|manifest unknown|name unknown|does not exist|no match for platform|no matching manifest|invalid reference|repository name not known/i;
const NO_NODE_JS = /exec(utable file)?:? .*(not found|no such file or directory)/i;

const PULL_HINT =
  'Name an image that the nodes can pull with --probe-image, and a Secret for it with --image-pull-secret.';
const NODE_JS_HINT = 'Name an image that has `node`, version 18 or newer, in its PATH with --probe-image.';
const PLATFORM_HINT = 'Name an image that is made for the architecture of this node with --probe-image.';
const RUNTIME_HINT = 'The container runtime of that node refuses the container; its log says more.';

/** Reasons for waiting that do not heal by waiting, with what to do about them. */
const HOPELESS: Readonly<Record<string, string>> = {
  ErrImageNeverPull: 'The node may not pull images: load it there, or name another with --probe-image.',
  InvalidImageName: 'Correct the image that --probe-image names.',
  SignatureValidationFailed: 'The node takes signed images only: name one that is with --probe-image.',
  RunContainerError: RUNTIME_HINT,
};

/** Reasons for which a kubelet that restarts, or a disk that is slow, may be all the cause. */
const SLOW: Readonly<Record<string, string>> = {
  CreateContainerError: RUNTIME_HINT,
  CreateContainerConfigError:
    'An admission controller may have changed the pod; kubectl describe pod shows it.',
};

/** A kubelet that has just started says this for a moment (kubernetes/kubernetes#129294). */
const KUBELET_STARTS = /have not yet been read|timed out waiting for the condition/;

/**
 * Of a container that waits.
 * @param hasPullSecrets whether the pod names Secrets for its image: then somebody may still be putting them there
 */
export function adviseWait(
  reason: string,
  message: string,
  { hasPullSecrets }: { readonly hasPullSecrets: boolean },
): Advice {
  if (PULLING.has(reason)) {
    const heals = DENIED.test(message) ? hasPullSecrets : !NOTHING_TO_PULL.test(message);
    return { heals, hint: PULL_HINT };
  }
  if (NO_NODE_JS.test(message)) return { heals: false, hint: NODE_JS_HINT };
  const hopeless = HOPELESS[reason];
  if (hopeless !== undefined) return { heals: false, hint: hopeless };
  const slow = SLOW[reason];
  if (slow === undefined) return { heals: true };
  return { heals: reason !== 'CreateContainerConfigError' || KUBELET_STARTS.test(message), hint: slow };
}

/** Of a container that has ended. */
export function adviseEnd(reason: string | undefined, words: string): string {
  if (reason === 'OOMKilled')
    return 'A limit of the cluster may give it less than the 256 MiB that it asks for; kubectl describe pod shows it.';
  if (/exec format error/.test(words)) return PLATFORM_HINT;
  if (reason === 'StartError' || reason === 'ContainerCannotRun')
    return NO_NODE_JS.test(words) ? NODE_JS_HINT : RUNTIME_HINT;
  return 'The agent ends by itself only where it cannot listen on one of its ports, or where the image has a Node.js older than 18.';
}

/** Of a pod that its node has turned away or thrown out. */
export function adviseRejection(reason: string): string {
  if (reason === 'SysctlForbidden')
    return 'The node does not allow net.ipv4.ip_unprivileged_port_start: give the pods of the scenario ports from 1024 on.';
  return 'Look at the node with kubectl describe node, or choose others with --node-selector.';
}
