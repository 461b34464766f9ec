// NestJS's server: `node server.mjs <transport> <address>`, started in the folder of a version of NestJS.
import { logger, nest, say } from '../../../interop/node/nest.mjs';
import { optionsOf, transports } from './transports.mjs';

const { Controller, EventPattern, MessagePattern, Module } = nest;

class Notes {
  count = 0;

  echo(note) {
    return note;
  }

  stream(numbers) {
    return nest.rxjs.range(0, numbers);
  }

  seen() {
    return this.count;
  }

  note() {
    this.count += 1;
  }
}

const routes = {
  echo: MessagePattern('echo'),
  stream: MessagePattern('stream'),
  seen: MessagePattern('seen'),
  note: EventPattern('note'),
};
for (const [method, decorate] of Object.entries(routes)) {
  decorate(Notes.prototype, method, Object.getOwnPropertyDescriptor(Notes.prototype, method));
}
Controller()(Notes);
class NotesModule {}
Module({ controllers: [Notes] })(NotesModule);

const [name, address] = process.argv.slice(2);
const transport = transports[name];
const options = optionsOf(name, address);
const app = await nest.NestFactory.createMicroservice(NotesModule, { transport, options, logger });
await app.listen();
say({ ready: name === 'tcp' ? `127.0.0.1:${app.unwrap().address().port}` : address });
process.stdin.once('end', () => process.exit(0)).resume();
