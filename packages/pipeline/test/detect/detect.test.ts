import { describe, expect, it } from "vitest";
import { detectResource, toStampAttributes } from "../../src/detect/detect.ts";
import type { DetectOptions, Detector } from "../../src/detect/detect.ts";
import { checkStamp } from "../../src/stages/stamp-guard.ts";

const host = { name: "node-1", arch: "x64", os: "win32" };
const noFile = (): undefined => undefined;

function detect(env: Record<string, string>, more: Partial<DetectOptions> = {}) {
  return detectResource({ env, readFile: noFile, host, ...more });
}

describe("detectResource", () => {
  it("knows the host when it knows nothing else", () => {
    expect(detect({})).toEqual({
      attributes: { "host.name": "node-1", "host.arch": "amd64", "os.type": "windows" },
      problems: [],
    });
  });

  it("reads what the operator says, percent-decoded, and the service name before all", () => {
    const env = { OTEL_RESOURCE_ATTRIBUTES: "a=1, b = x%2Cy%3Dz ,service.name=one,", OTEL_SERVICE_NAME: "two" };
    expect(detect(env, { detectors: ["otel"] }).attributes).toEqual({ a: "1", b: "x,y=z", "service.name": "two" });
  });

  it.each(["a=1,b", "a=1,=x", "a=1,b=%zz"])("takes nothing of %j, and says so", (text) => {
    const { attributes, problems } = detect({ OTEL_RESOURCE_ATTRIBUTES: text }, { detectors: ["otel"] });
    expect(attributes).toEqual({});
    expect(problems).toEqual([expect.stringContaining("OTEL_RESOURCE_ATTRIBUTES is ignored")]);
  });

  it("reads the downward API from variables before files", () => {
    const files: Record<string, string> = {
      "/var/run/secrets/kubernetes.io/serviceaccount/namespace": "account",
      "/etc/podinfo/namespace": "shop\n",
      "/etc/podinfo/uid": "275ecb36-5aa8-4c2a-9c47-d8bb681b9aff",
      "/etc/podinfo/name": "from-file",
    };
    const env = { KUBERNETES_SERVICE_HOST: "10.0.0.1", HOSTNAME: "from-host", POD_NAME: "from-env", NODE_NAME: "n1" };
    expect(detect(env, { detectors: ["kubernetes"], readFile: (path) => files[path] }).attributes).toEqual({
      "k8s.namespace.name": "shop",
      "k8s.pod.uid": "275ecb36-5aa8-4c2a-9c47-d8bb681b9aff",
      "k8s.pod.name": "from-env",
      "k8s.node.name": "n1",
    });
  });

  it("takes the host name for the pod's in a cluster, and only there", () => {
    const kubernetes = { detectors: ["kubernetes"] } as const;
    expect(detect({ KUBERNETES_SERVICE_HOST: "10.0.0.1", HOSTNAME: "pod-1" }, kubernetes).attributes).toEqual({
      "k8s.pod.name": "pod-1",
    });
    expect(detect({ HOSTNAME: "laptop" }, kubernetes).attributes).toEqual({});
  });

  it.each<[Record<string, string>, Record<string, string>]>([
    [
      { AWS_LAMBDA_FUNCTION_NAME: "f", AWS_REGION: "eu-west-1" },
      { "cloud.provider": "aws", "cloud.platform": "aws_lambda", "cloud.region": "eu-west-1", "faas.name": "f" },
    ],
    [{ AWS_REGION: "eu-west-1" }, { "cloud.provider": "aws", "cloud.region": "eu-west-1" }],
    [
      { K_SERVICE: "s", GOOGLE_CLOUD_PROJECT: "p" },
      { "cloud.provider": "gcp", "cloud.platform": "gcp_cloud_run", "faas.name": "s", "cloud.account.id": "p" },
    ],
    [
      { WEBSITE_SITE_NAME: "s", REGION_NAME: "West Europe" },
      { "cloud.provider": "azure", "cloud.platform": "azure.app_service", "cloud.region": "West Europe" },
    ],
    [{}, {}],
  ])("tells the cloud by %j", (env, attributes) => {
    expect(detect(env, { detectors: ["cloud"] }).attributes).toEqual(attributes);
  });

  it("lets configuration win over the operator's variable, and that over what is found", () => {
    const env = { OTEL_RESOURCE_ATTRIBUTES: "host.name=said,cloud.region=said", AWS_REGION: "found" };
    const { attributes } = detect(env, { attributes: { "cloud.region": "configured" } });
    expect(attributes).toMatchObject({ "host.name": "said", "cloud.region": "configured", "cloud.provider": "aws" });
  });

  it("throws for a detector that does not exist", () => {
    expect(() => detect({}, { detectors: ["ec2" as Detector] })).toThrow('detectors cannot have "ec2"');
  });
});

describe("toStampAttributes", () => {
  it("leaves out who this process is, and the guard takes the rest", () => {
    const env = {
      OTEL_SERVICE_NAME: "agent",
      AWS_LAMBDA_FUNCTION_NAME: "f",
      POD_UID: "275ecb36-5aa8-4c2a-9c47-d8bb681b9aff",
    };
    const stamped = toStampAttributes(detect(env).attributes);
    expect(Object.keys(stamped).toSorted()).toEqual([
      "cloud.platform",
      "cloud.provider",
      "host.arch",
      "host.name",
      "k8s.pod.uid",
      "os.type",
    ]);
    expect(() => checkStamp(stamped)).not.toThrow();
  });
});
