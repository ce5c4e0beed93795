/** What cloud platforms say in the environment of a process; none is asked over the network. */
import { readVariables } from "./environment.ts";
import type { Attributes, Environment } from "./environment.ts";

interface Platform {
  /** A variable that only this platform sets. */
  readonly mark: string;
  readonly provider: string;
  readonly platform: string;
  readonly variables: Readonly<Record<string, readonly string[]>>;
}

const awsRegion = ["AWS_REGION", "AWS_DEFAULT_REGION"];
const googleProject = { "cloud.account.id": ["GOOGLE_CLOUD_PROJECT", "GCP_PROJECT"] };

/** `cloud.provider` and `cloud.platform` as the OpenTelemetry semantic conventions spell them. */
const platforms: readonly Platform[] = [
  {
    mark: "AWS_LAMBDA_FUNCTION_NAME",
    provider: "aws",
    platform: "aws_lambda",
    variables: { "cloud.region": awsRegion, "faas.name": ["AWS_LAMBDA_FUNCTION_NAME"] },
  },
  {
    mark: "ECS_CONTAINER_METADATA_URI_V4",
    provider: "aws",
    platform: "aws_ecs",
    variables: { "cloud.region": awsRegion },
  },
  {
    mark: "K_SERVICE",
    provider: "gcp",
    platform: "gcp_cloud_run",
    variables: {
      "cloud.region": ["GOOGLE_CLOUD_REGION", "FUNCTION_REGION"],
      "faas.name": ["K_SERVICE"],
      ...googleProject,
    },
  },
  { mark: "GAE_SERVICE", provider: "gcp", platform: "gcp_app_engine", variables: googleProject },
  {
    mark: "CONTAINER_APP_NAME",
    provider: "azure",
    platform: "azure.container_apps",
    variables: {},
  },
  {
    mark: "WEBSITE_SITE_NAME",
    provider: "azure",
    platform: "azure.app_service",
    variables: { "cloud.region": ["REGION_NAME"] },
  },
  // A virtual machine or a cluster on one: the region alone is set by the operator or by a credentials helper.
  { mark: "AWS_REGION", provider: "aws", platform: "", variables: { "cloud.region": awsRegion } },
];

/** The first platform whose mark is set. */
export function detectCloud(env: Environment): Attributes {
  const found = platforms.find(({ mark }) => (env[mark] ?? "") !== "");
  if (found === undefined) return {};
  return {
    "cloud.provider": found.provider,
    ...(found.platform === "" ? {} : { "cloud.platform": found.platform }),
    ...readVariables(env, found.variables),
  };
}
