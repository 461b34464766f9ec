// NestJS's server: `node server.mjs <transport> <address>`, started in the folder of a version of NestJS.
import { createServer } from 'node:net';
import { logger, nest, say } from '../../../interop/node/nest.mjs';
import { optionsOf, prepare, transports } from './transports.mjs';

const { Controller, EventPattern, GrpcMethod, MessagePattern, Module } = nest;

class Notes {
  count = 0;

  echo(note) {
    return note;
  }

  stream({ numbers }) {
    return nest.rxjs.range(0, numbers).pipe(nest.rxjs.map((number) => ({ number })));
  }

  seen() {
    return { number: this.count };
  }

  note() {
    this.count += 1;
  }

  event() {
    this.count += 1;
    return {};
  }
}

const [name, given] = process.argv.slice(2);
const patterns = {
  echo: MessagePattern('echo'),
  stream: MessagePattern('stream'),
  seen: MessagePattern('seen'),
  note: EventPattern('note'),
};
const methods = {
  echo: GrpcMethod('Notes', 'Echo'),
  stream: GrpcMethod('Notes', 'Stream'),
  seen: GrpcMethod('Notes', 'Seen'),
  event: GrpcMethod('Notes', 'Event'),
};
const routes = name === 'grpc' ? methods : patterns;
for (const [method, decorate] of Object.entries(routes)) {
  decorate(Notes.prototype, method, Object.getOwnPropertyDescriptor(Notes.prototype, method));
}
Controller()(Notes);
class NotesModule {}
Module({ controllers: [Notes] })(NotesModule);

// It does not say which port it was given.
const address = name === 'grpc' ? `127.0.0.1:${await freePort()}` : given;
await prepare(name, address);
const transport = transports[name];
const options = optionsOf(name, address);
const app = await nest.NestFactory.createMicroservice(NotesModule, { transport, options, logger });
await app.listen();
say({ ready: name === 'tcp' ? `127.0.0.1:${app.unwrap().address().port}` : address });

function freePort() {
  const server = createServer();
  return new Promise((found) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}

// Over Kafka it leaves its group, which the next server would wait for.
const stop = () => app.close().finally(() => process.exit(0));
process.stdin.once('end', stop).resume();
