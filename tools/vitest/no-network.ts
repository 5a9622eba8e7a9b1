/**
 * Set-up of the `unit` project: a unit test that opens a socket fails at once and is told where it belongs.
 * Child processes and worker messages are not touched; they use neither of these entry points.
 */
import dgram from 'node:dgram';
import net from 'node:net';

function refuse(what: string): never {
  throw new Error(
    `unit tests have no network: ${what}. Use a fake, or move the test to a *.contract.test.ts or *.int.test.ts file.`,
  );
}

net.Socket.prototype.connect = function connect(): never {
  return refuse('net.Socket.connect was called');
};
net.Server.prototype.listen = function listen(): never {
  return refuse('net.Server.listen was called');
};
dgram.Socket.prototype.bind = function bind(): never {
  return refuse('dgram.Socket.bind was called');
};
dgram.Socket.prototype.send = function send(): never {
  return refuse('dgram.Socket.send was called');
};
globalThis.fetch = (): never => refuse('fetch was called');
