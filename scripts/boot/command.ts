/** How a command ended, with all it wrote. */
export interface CommandResult {
  succeeded: boolean;
  output: string;
}

/** Runs a command to its end, or kills it when it takes longer than `deadline_ms`. */
export async function runCommand(
  command: string[],
  options: { cwd: string; deadline_ms: number; environment?: Record<string, string> },
): Promise<CommandResult> {
  const child = Bun.spawn(command, {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: options.deadline_ms,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const killed = code === 0 || child.signalCode === null ? '' : `killed by ${child.signalCode}\n`;
  return { succeeded: code === 0, output: stdout + stderr + killed };
}

/** The last lines of a log, where the reason of a failure usually stands. */
export function lastLines(output: string, count: number): string {
  return output.trimEnd().split('\n').slice(-count).join('\n');
}
