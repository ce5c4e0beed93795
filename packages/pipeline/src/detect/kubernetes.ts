/** What the Kubernetes downward API says of the pod: in variables, and in the files of a `downwardAPI` volume. */
import { readVariables } from "./environment.ts";
import type { Attributes, Environment } from "./environment.ts";

/** The text of a small file; undefined when there is none. */
export type ReadFile = (path: string) => string | undefined;

/** The names manifests commonly give them: `fieldRef` lets everybody choose. */
const variables: Readonly<Record<string, readonly string[]>> = {
  "k8s.cluster.name": ["K8S_CLUSTER_NAME", "CLUSTER_NAME"],
  "k8s.namespace.name": ["K8S_NAMESPACE_NAME", "K8S_NAMESPACE", "POD_NAMESPACE", "MY_POD_NAMESPACE"],
  "k8s.node.name": ["K8S_NODE_NAME", "NODE_NAME", "MY_NODE_NAME"],
  "k8s.pod.name": ["K8S_POD_NAME", "POD_NAME", "MY_POD_NAME"],
  "k8s.pod.uid": ["K8S_POD_UID", "POD_UID", "MY_POD_UID"],
  "k8s.container.name": ["K8S_CONTAINER_NAME", "CONTAINER_NAME"],
};

/** `fieldRef` paths as file names of a volume. */
const files: Readonly<Record<string, string>> = {
  "k8s.namespace.name": "namespace",
  "k8s.pod.name": "name",
  "k8s.pod.uid": "uid",
  "k8s.node.name": "nodeName",
};

const accountNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/** `folder` is where the volume is mounted, by convention /etc/podinfo. */
export function detectKubernetes(env: Environment, readFile: ReadFile, folder: string): Attributes {
  const found: Record<string, string> = {};
  const take = (key: string, text: string | undefined): void => {
    const value = text?.trim() ?? "";
    if (value !== "") found[key] = value;
  };
  take("k8s.namespace.name", readFile(accountNamespace));
  for (const [key, name] of Object.entries(files)) take(key, readFile(`${folder}/${name}`));
  // Without a variable the kernel's host name is the pod's, unless the pod uses the host's network.
  if ((env["KUBERNETES_SERVICE_HOST"] ?? "") !== "") take("k8s.pod.name", found["k8s.pod.name"] ?? env["HOSTNAME"]);
  return { ...found, ...readVariables(env, variables) };
}
