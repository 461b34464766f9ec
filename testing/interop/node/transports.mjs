// What differs from one transport to the next. A new transport is one entry here.
import { files, GrpcModule, send } from './grpc.mjs';
import { nest } from './nest.mjs';

const transports = {
  // Services of its own in the place of patterns.
  grpc: { transport: nest.Transport.GRPC, fixed: files, module: GrpcModule, call: send },
  // Patterns are names of topics.
  kafka: { transport: nest.Transport.KAFKA, namesOnly: true },
  mqtt: { transport: nest.Transport.MQTT },
  nats: { transport: nest.Transport.NATS },
  redis: { transport: nest.Transport.REDIS },
  rabbitmq: { transport: nest.Transport.RMQ },
  tcp: {
    transport: nest.Transport.TCP,
    // The port the system chose where the options asked for port 0.
    port: (app) => app.unwrap().address().port,
  },
};

/** Reads `<transport> <options-json>` from the command line. */
export function fromCommandLine() {
  const [name, options = '{}'] = process.argv.slice(2);
  const found = transports[name];
  if (!found) {
    console.error(`no transport "${name}"; there are: ${Object.keys(transports).join(', ')}`);
    process.exit(2);
  }
  return { ...found, options: { ...found.fixed, ...JSON.parse(options) } };
}
