/** Runs before each test file: what the file before has logged says nothing about this one. */
import { clearLogged } from './logged.js';
// Before a file makes the SDK install its own logger.
import './quiet.js';

clearLogged();
