// A NestJS microservice: `node server.mjs <transport> <options-json>`, started in a version's folder.
//
// Prints {"ready":true,"port":N} once it listens (no port where the transport has none)
// and ends when its stdin does, or on SIGTERM.
import { ContractModule } from './contract.mjs';
import { logger, nest, say } from './nest.mjs';
import { fromCommandLine } from './transports.mjs';

const { transport, options, port, module = ContractModule } = fromCommandLine();
const app = await nest.NestFactory.createMicroservice(module, { transport, options, logger });
await app.listen();
say({ ready: true, port: port?.(app) });

async function stop() {
  await app.close();
  process.exit(0);
}
process.once('SIGTERM', stop);
process.stdin.once('end', stop).resume();
