import type { CliCommand } from '../command.js';

export function addHelp(program: CliCommand): void {
  program
    .command('help')
    .summary('print the help of a command')
    .description('Print the help of a command.')
    .argument('[command...]', 'command, such as start, or schedule create')
    .action((path: string[]) => program.outputHelpOf(path))
    .examples('temporal-llamacloud help', 'temporal-llamacloud help schedule create');
}
