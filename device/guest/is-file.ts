/** Whether `use` names the file of a driver: kinds are bare words. */
export const isFile = (use: string): boolean => /[./]/.test(use);
