/**
 * What systemd does for a service with a .socket unit: it opens the unix socket `path`, starts the command with it as file descriptor 3 under the name `name`,
 * and starts the command again whenever it ends (and says so). SIGHUP kills the command, SIGTERM ends it and all.
 */
export function holdingSocket(path: string, name: string): readonly string[] {
  return ['python3', '-c', PROGRAM, path, name];
}

const PROGRAM = `
import ctypes, os, signal, socket, sys
path, name, *command = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
os.chmod(path, 0o660)
listener.listen(128)
child, ending = 0, False

def end(*_):
    global ending
    ending = True
    os.kill(child, signal.SIGTERM)

signal.signal(signal.SIGHUP, lambda *_: os.kill(child, signal.SIGKILL))
signal.signal(signal.SIGTERM, end)
while not ending:
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_FDS='1', LISTEN_FDNAMES=name, LISTEN_PID=str(os.getpid()))
        os.execvp(command[0], command)
    _, status = os.waitpid(child, 0)
    print('The command ended.', flush=True)
sys.exit(os.waitstatus_to_exitcode(status))
`;
