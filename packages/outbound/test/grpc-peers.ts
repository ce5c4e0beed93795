/** Real gRPC services for the tests of this package; messages are texts, so that no schema is needed. */
import type {
  ChannelCredentials,
  ClientOptions,
  Metadata,
  ServerOptions,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { Client, Server, ServerCredentials, credentials } from "@grpc/grpc-js";

const serialize = (text: string): Buffer => Buffer.from(text);
const deserialize = (bytes: Buffer): string => bytes.toString();
const text = {
  requestSerialize: serialize,
  requestDeserialize: deserialize,
  responseSerialize: serialize,
  responseDeserialize: deserialize,
};

export const SERVICE: ServiceDefinition = {
  get: { path: "/shop.Orders/Get", requestStream: false, responseStream: false, ...text },
  watch: { path: "/shop.Orders/Watch", requestStream: true, responseStream: true, ...text },
};

export interface GrpcService {
  readonly address: string;
  readonly close: () => void;
}

export async function startGrpc(
  handlers: UntypedServiceImplementation,
  options: ServerOptions = {},
  secured: ServerCredentials = ServerCredentials.createInsecure(),
): Promise<GrpcService> {
  const server = new Server(options);
  server.addService(SERVICE, handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", secured, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

export interface GrpcClient {
  readonly get: (message: string, metadata: Metadata) => Promise<string>;
  /** Sends the messages one after another; the answers. */
  readonly watch: (messages: readonly string[], metadata: Metadata) => Promise<readonly string[]>;
  readonly close: () => void;
}

export function connectGrpc(
  address: string,
  options: ClientOptions = {},
  secured: ChannelCredentials = credentials.createInsecure(),
): GrpcClient {
  const client = new Client(address, secured, options);
  return {
    get: (message, metadata) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest("/shop.Orders/Get", serialize, deserialize, message, metadata, (error, answer) =>
          error === null ? resolve(answer ?? "") : reject(error),
        );
      }),
    watch: async (messages, metadata) => {
      const call = client.makeBidiStreamRequest("/shop.Orders/Watch", serialize, deserialize, metadata);
      const answers: string[] = [];
      for (const message of messages) call.write(message);
      call.end();
      for await (const answer of call) answers.push(String(answer));
      return answers;
    },
    close: () => client.close(),
  };
}
