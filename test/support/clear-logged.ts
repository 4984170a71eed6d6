/** Runs before each test file, and is the set-up of all: what the file before has logged says nothing about this one. */
import { clearLogged } from './logged.js';
// The SDK takes a logger once in a process: before a file makes it install its own.
import './quiet.js';

clearLogged();
