/**
 * What systemd does for a service with a .socket unit: it opens the unix socket `path`, starts the command with it as file descriptor 3 under the name `name`,
 * and starts the command again whenever it ends (and says so). SIGHUP kills the command, SIGTERM ends it and all.
 */
export function holdingSocket(path: string, name: string): readonly string[] {
  return ['python3', '-c', PROGRAM, path, name];
}

/** Signals are waited for, not handled: a handler could run in the new process before it is the command, and would have no pid to send the signal to. */
const PROGRAM = `
import ctypes, os, signal, socket, sys
path, name, *command = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
os.chmod(path, 0o660)
listener.listen(128)
signals = {signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)

def start():
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_FDS='1', LISTEN_FDNAMES=name, LISTEN_PID=str(os.getpid()))
        os.execvp(command[0], command)
    return child

child, ending = start(), False
while True:
    arrived = signal.sigwait(signals)
    if arrived == signal.SIGCHLD:
        _, status = os.waitpid(child, 0)
        print('The command ended.', flush=True)
        if ending:
            sys.exit(os.waitstatus_to_exitcode(status) & 255)
        child = start()
    else:
        ending = ending or arrived == signal.SIGTERM
        os.kill(child, signal.SIGKILL if arrived == signal.SIGHUP else signal.SIGTERM)
`;
