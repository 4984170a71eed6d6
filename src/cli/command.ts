import { Command, type ErrorOptions, type Help, type HelpContext, type Option } from 'commander';
import { UsageError } from './errors.js';

/** Commands, and groups of commands, that use no existing Temporal server. */
const WITHOUT_TEMPORAL: ReadonlySet<string> = new Set(['batches', 'costs', 'dev', 'emulator', 'help']);

const TEMPORAL_FLAGS: ReadonlySet<string | null | undefined> = new Set(['--address', '--namespace', '--task-queue']);

/** commander's command, with this package's usage errors and help. */
export class CliCommand extends Command {
  constructor(name?: string) {
    super(name);
    // commander's own help command takes one name, and prints the general help for an unknown one. See commands/help.ts.
    this.helpCommand(false);
  }

  override createCommand(name?: string): CliCommand {
    return new CliCommand(name);
  }

  /** Throws commander's error as a {@link UsageError}. commander puts its suggestion on the second line of the message. */
  override error(message: string, options?: ErrorOptions): never {
    const [sentence = '', suggestion] = message.replace(/^error: /, '').split('\n');
    throw new UsageError(
      withoutOptionValue(sentence),
      `${this.#renderSuggestion(sentence, suggestion, options)}see ${renderCommandPath(this)} --help`,
    );
  }

  #renderSuggestion(sentence: string, suggestion: string | undefined, options: ErrorOptions | undefined): string {
    // commander counts letters: `watch` for `batch`.
    const [, name] = /^unknown command '(.{3,})'$/.exec(sentence) ?? [];
    const longer = this.commands.find((command) => name !== undefined && command.name().startsWith(name));
    if (longer !== undefined) return `Did you mean ${longer.name()}? Or `;
    if (suggestion !== undefined) return `${suggestion.replace(/^\(|\)$/g, '')} Or `;
    if (options?.code !== 'commander.unknownCommand') return '';
    // commander suggests nothing for a name that is not similar, such as `delete` for `cancel`.
    return `the commands are ${this.commands.map((command) => command.name()).join(', ')}; `;
  }

  override createHelp(): Help {
    const help = super.createHelp();
    const { visibleGlobalOptions } = help;
    help.showGlobalOptions = true;
    help.visibleGlobalOptions = (command: Command): Option[] =>
      visibleGlobalOptions
        .call(help, command)
        .filter(({ long }) => long !== '--version' && !(isWithoutTemporal(command) && TEMPORAL_FLAGS.has(long)));
    return help;
  }

  /** commander would print the help of the group for `schedule nope --help`, as if there were no `nope`. */
  override helpInformation(context?: HelpContext): string {
    const [name] = this.args;
    if (this.commands.length > 0 && name !== undefined && !name.startsWith('-')) this.findCommand(name);
    return super.helpInformation(context);
  }

  /** Prints the help of the command with this path, such as `['schedule', 'create']`. @throws UsageError */
  outputHelpOf([name, ...path]: readonly string[]): void {
    if (name !== undefined) {
      this.findCommand(name).outputHelpOf(path);
    } else {
      this.args = [];
      this.outputHelp();
    }
  }

  /** Examples at the end of the help. */
  examples(...lines: string[]): this {
    return this.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
  }

  /** @throws UsageError with the most similar command */
  private findCommand(name: string): CliCommand {
    const command = this.commands.find((candidate) => candidate.name() === name);
    if (command instanceof CliCommand) return command;
    // commander throws the error. A command without subcommands would be executed instead.
    if (this.commands.length > 0) this.parse([name], { from: 'user' });
    throw new UsageError(`unknown command '${name}'`, `see ${renderCommandPath(this)} --help`);
  }
}

/** The value of an unknown option may be a secret: `--apikey=llx-...`. */
function withoutOptionValue(sentence: string): string {
  return sentence.replace(/^(unknown option '[^'=]*)=.*$/s, "$1'");
}

function isWithoutTemporal(command: Command): boolean {
  return WITHOUT_TEMPORAL.has(command.name()) || (command.parent !== null && isWithoutTemporal(command.parent));
}

function renderCommandPath(command: Command): string {
  return command.parent === null ? command.name() : `${renderCommandPath(command.parent)} ${command.name()}`;
}
