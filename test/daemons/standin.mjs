// A stand-in for a Backend.AI daemon: answers over HTTP, or fails in one of the ways that daemons have.
// Arguments: <way> [port] [more]
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const [way, port, more] = process.argv.slice(2);

const serve = (status = 200, delay = 0) =>
  setTimeout(() => {
    const server = createServer((_request, response) => response.writeHead(status).end('hello'));
    server.listen({ host: '127.0.0.1', port: Number(port) }, () => console.log(`listens on ${port}`));
    process.on('SIGTERM', () => {
      console.log('ends gently');
      process.exit(0);
    });
  }, delay);

/** Like the agent's: it lives on without the one that started it, in a session of its own, deaf to SIGTERM. */
const leave = (kind, detached) =>
  spawn(process.execPath, [fileURLToPath(import.meta.url), kind], { stdio: 'ignore', detached }).unref();

switch (way) {
  case 'serve':
    serve(Number(more ?? 200));
    break;
  case 'slowly':
    serve(200, Number(more));
    break;
  case 'with-workers':
    process.title = 'backend.ai: stand-in';
    leave('deaf', true);
    leave('deaf', false);
    serve();
    break;
  case 'deaf':
    process.on('SIGTERM', () => undefined);
    process.title = 'backend.ai: worker-0'; // tells that it is deaf now
    setInterval(() => undefined, 1000);
    break;
  case 'deaf-server':
    serve();
    setTimeout(() => {
      process.removeAllListeners('SIGTERM');
      process.on('SIGTERM', () => undefined);
    }, 10);
    break;
  case 'die':
    console.log('it was going well');
    console.error(more ?? 'RuntimeError: it is broken');
    process.exit(5);
    break;
  case 'variables':
    console.log(JSON.stringify({ ...process.env, cwd: process.cwd() }));
    process.exit(3);
    break;
  default:
    throw new Error(`a stand-in has no way ${way}`);
}
