import type { CliCommand } from '../command.js';

/** In place of commander's own `help`, which takes one name and prints the general help for an unknown one. */
export function addHelp(program: CliCommand): void {
  program
    .helpCommand(false)
    .command('help')
    .summary('print the help of a command')
    .description('Print the help of a command.')
    .argument('[command...]', 'command, such as start, or schedule create')
    .action((path: string[]) => program.outputHelpOf(path))
    .examples('temporal-llamacloud help', 'temporal-llamacloud help schedule create');
}
