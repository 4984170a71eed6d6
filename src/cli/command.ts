import { Command, type ErrorOptions, type Help, type Option } from 'commander';
import { UsageError } from './errors.js';

/** Commands that bring a server of their own, or need none. */
const WITHOUT_TEMPORAL: ReadonlySet<string> = new Set(['dev', 'emulator']);

/** commander's command, whose usage errors are ours: one sentence, a hint, exit 2. */
export class CliCommand extends Command {
  override createCommand(name?: string): CliCommand {
    return new CliCommand(name);
  }

  override error(message: string, _options?: ErrorOptions): never {
    const [sentence = '', suggestion] = message.replace(/^error: /, '').split('\n');
    const help = `see ${pathOf(this)} --help`;
    throw new UsageError(
      sentence,
      suggestion === undefined ? help : `${suggestion.replace(/^\(|\)$/g, '')} Or ${help}`,
    );
  }

  override createHelp(): Help {
    const help = super.createHelp();
    const { visibleGlobalOptions } = help;
    help.showGlobalOptions = true;
    help.visibleGlobalOptions = (command: Command): Option[] =>
      visibleGlobalOptions
        .call(help, command)
        .filter(({ long }) => long !== '--version' && !(WITHOUT_TEMPORAL.has(command.name()) && isTemporalFlag(long)));
    return help;
  }

  /** Examples at the end of the help. */
  examples(...lines: string[]): this {
    return this.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
  }
}

function isTemporalFlag(long: string | null | undefined): boolean {
  return long === '--address' || long === '--namespace' || long === '--task-queue';
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
