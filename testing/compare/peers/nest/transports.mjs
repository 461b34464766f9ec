// From the address that a contender is given to NestJS's options.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nest } from '../../../interop/node/nest.mjs';

/** What a client waits for replies of. */
export const REQUESTS = ['echo', 'stream', 'seen'];

export const transports = {
  tcp: nest.Transport.TCP,
  grpc: nest.Transport.GRPC,
  nats: nest.Transport.NATS,
  redis: nest.Transport.REDIS,
  rabbitmq: nest.Transport.RMQ,
  mqtt: nest.Transport.MQTT,
  kafka: nest.Transport.KAFKA,
};

export function optionsOf(name, address) {
  const [url, queue] = address.split('#');
  const { hostname: host, port } = new URL(url.includes('://') ? url : `tcp://${url}`);
  switch (name) {
    case 'tcp':
    case 'redis':
      return { host, port: Number(port) };
    case 'grpc': {
      const protoPath = fileURLToPath(new URL('../raw/notes.proto', import.meta.url));
      return { url, package: 'notes', protoPath, loader: { longs: Number, defaults: true } };
    }
    case 'nats':
      return { servers: [url] };
    case 'mqtt':
      return { url };
    case 'kafka': {
      // By itself it would have a record wait for five seconds.
      const consumer = { maxWaitTimeInMs: 5, allowAutoTopicCreation: true };
      return { client: { brokers: [url], logLevel: 0 }, consumer };
    }
    case 'rabbitmq':
      return { urls: [url], queue, queueOptions: { durable: true } };
    default:
      throw new Error(`NestJS has no ${name} here`);
  }
}

/** What has to be there before NestJS starts: kafkajs fails with a topic that is only being created. */
export async function prepare(name, address) {
  if (name !== 'kafka') return;
  const { Kafka } = createRequire(join(process.cwd(), 'package.json'))('kafkajs');
  const admin = new Kafka(optionsOf(name, address).client).admin();
  const topics = REQUESTS.flatMap((pattern) => [pattern, `${pattern}.reply`]);
  const one = (topic) => ({ topic, numPartitions: 1, replicationFactor: 1 });
  await admin.connect();
  await admin.createTopics({ topics: [...topics, 'note'].map(one), waitForLeaders: true });
  await admin.disconnect();
}

/** What goes wrong is the last that is printed, for whoever says why there are no figures. */
process.on('uncaughtException', (error) => {
  console.error(error);
  console.error(error?.message ?? error);
  process.exit(1);
});
