/** Runs before each test file: what the file before has logged says nothing about this one. */
import { clearLogged } from './logged.js';

clearLogged();
