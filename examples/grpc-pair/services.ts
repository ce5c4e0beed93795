/** The two services and the one behind them, on loopback. Messages are texts, so that no schema is needed. */
import type {
  Interceptor,
  MethodDefinition,
  sendUnaryData,
  ServerInterceptor,
  ServerUnaryCall,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { Client, Metadata, Server, ServerCredentials, credentials } from "@grpc/grpc-js";

type Unary = ServerUnaryCall<string, string>;

const serialize = (text: string): Buffer => Buffer.from(text);
const deserialize = (bytes: Buffer): string => bytes.toString();

function methodOf(path: string): MethodDefinition<string, string> {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  };
}

/** What a service is built with: nothing, or the interceptors of `@tracemend/outbound`. */
export interface Interceptors {
  readonly server: ServerInterceptor[];
  readonly client: Interceptor[];
}

export interface Running {
  readonly address: string;
  readonly close: () => void;
}

async function serve(
  path: string,
  handler: UntypedServiceImplementation[string],
  interceptors: ServerInterceptor[],
): Promise<Running> {
  const server = new Server({ interceptors });
  server.addService({ call: methodOf(path) }, { call: handler });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

export function ask(client: Client, path: string, message: string, metadata: Metadata): Promise<string> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, serialize, deserialize, message, metadata, (error, answer) =>
      error === null ? resolve(answer ?? "") : reject(error),
    );
  });
}

export function connect(address: string, interceptors: Interceptor[] = []): Client {
  return new Client(address, credentials.createInsecure(), { interceptors });
}

/** The service at the end: it answers with the traceparent it was called with. */
export function startStock(): Promise<Running> {
  const handler = ({ metadata }: Unary, answer: sendUnaryData<string>): void =>
    answer(null, String(metadata.get("traceparent")[0] ?? "none"));
  return serve("/shop.Stock/Count", handler, []);
}

/** The service in the middle: it asks the stock for every order, after a database has had its time. */
export async function startOrders(stock: string, { server, client }: Interceptors): Promise<Running> {
  const behind = connect(stock, client);
  const handler = (call: Unary, answer: sendUnaryData<string>): void => {
    setTimeout(() => {
      ask(behind, "/shop.Stock/Count", call.request, new Metadata()).then(
        (text) => answer(null, text),
        (error: Error) => answer(error),
      );
    }, 2);
  };
  const running = await serve("/shop.Orders/Get", handler, server);
  return {
    address: running.address,
    close: () => {
      running.close();
      behind.close();
    },
  };
}
