/** Commands of other programs: containers are made and run by them. */

/** Runs a command to its end. @returns what it wrote to stdout. @throws with what it said otherwise */
export async function ask(command: readonly string[], timeout_ms: number): Promise<string> {
  const child = Bun.spawn([...command], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: timeout_ms,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command.join(' ')}: ${stderr.trim() || endOf(child)}`);
  return stdout.trim();
}

/** Runs a command that tells people about its progress, on our stderr. @throws when it fails */
export async function perform(command: readonly string[], timeout_ms: number): Promise<void> {
  const child = Bun.spawn([...command], {
    stdio: ['ignore', 2, 2],
    timeout: timeout_ms,
    killSignal: 'SIGKILL',
  });
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')}: ${endOf(child)}`);
}

/** Whether a command ends with 0, whatever it says. */
export async function succeeds(command: readonly string[], timeout_ms: number): Promise<boolean> {
  const child = Bun.spawn([...command], {
    stdio: ['ignore', 'ignore', 'ignore'],
    timeout: timeout_ms,
    killSignal: 'SIGKILL',
  });
  return (await child.exited) === 0;
}

const endOf = ({ signalCode, exitCode }: Bun.Subprocess): string =>
  signalCode === null ? `exit status ${exitCode}` : `ended by ${signalCode}`;
