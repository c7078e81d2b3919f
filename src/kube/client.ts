/** What podreach takes of the Kubernetes client; the build makes one small file of this one and of what it needs of the package. */
export { KubeConfig } from '@kubernetes/client-node';
