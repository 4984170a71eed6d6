/** Runs before each test file: what the file before has logged says nothing about this one. */
import { logged } from './logged.js';

logged.length = 0;
