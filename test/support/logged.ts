/** What workers and workflows have logged in this test file. */
export const logged: string[] = [];
