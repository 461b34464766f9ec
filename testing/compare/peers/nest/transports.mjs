// From the address that a contender is given to NestJS's options.
import { nest } from '../../../interop/node/nest.mjs';

export const transports = {
  tcp: nest.Transport.TCP,
  nats: nest.Transport.NATS,
  redis: nest.Transport.REDIS,
  rabbitmq: nest.Transport.RMQ,
  mqtt: nest.Transport.MQTT,
};

export function optionsOf(name, address) {
  const [url, queue] = address.split('#');
  const { hostname: host, port } = new URL(url.includes('://') ? url : `tcp://${url}`);
  switch (name) {
    case 'tcp':
    case 'redis':
      return { host, port: Number(port) };
    case 'nats':
      return { servers: [url] };
    case 'mqtt':
      return { url };
    case 'rabbitmq':
      return { urls: [url], queue, queueOptions: { durable: true } };
    default:
      throw new Error(`NestJS has no ${name} here`);
  }
}
