/** Labels of a namespace or a pod, as Kubernetes has them: values by key. */
export type Labels = Readonly<Record<string, string>>;
